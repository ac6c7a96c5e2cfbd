-- Large groups: a change of one member is the work of one.

-- How many members a group has in the table below; NULL where they are in confirmed.members.
ALTER TABLE confirmed ADD COLUMN members_n INTEGER;
-- Members that the target confirmed.
CREATE TABLE member (
    grp INTEGER NOT NULL,
    id  INTEGER NOT NULL,
    PRIMARY KEY (grp, id)
) STRICT, WITHOUT ROWID;
-- Names to which such a group refers and that lead nowhere, as it was last compared whole.
CREATE TABLE unresolved (
    grp  INTEGER NOT NULL,
    hash INTEGER NOT NULL,
    PRIMARY KEY (grp, hash)
) STRICT, WITHOUT ROWID;
-- Whose membership may be another than was confirmed, in a group that has rows in `member`; id 0: anything of the
-- group may be. All others are members exactly if they are in `member`.
CREATE TABLE changed_member (
    grp INTEGER NOT NULL,
    id  INTEGER NOT NULL,
    PRIMARY KEY (grp, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX confirmed_large ON confirmed (id) WHERE members_n IS NOT NULL;

-- Pieces of large entries, in the order that cs.raw says.
CREATE TABLE piece (number INTEGER PRIMARY KEY, entry INTEGER NOT NULL, octets BLOB NOT NULL) STRICT;
CREATE INDEX piece_entry ON piece (entry);
CREATE TRIGGER entry_deleted AFTER DELETE ON cs WHEN substr(OLD.raw, 1, 1) = x'03' BEGIN
    DELETE FROM piece WHERE entry = OLD.id;
END;
