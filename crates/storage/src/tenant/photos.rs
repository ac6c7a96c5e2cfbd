//! Photos: rows of their own, written with a line in the history of their object.

use super::batch::Batch;
use super::history::Body;
use super::rows::{Result, first, run, run_counted};
use crate::sql::{Connection, Fault, Record};
use lockstep_model::{ObjectId, Timestamp};
use lockstep_tenant::HistoryOutcome;
use lockstep_tenant::photo::{Photo, PhotoInfo};
use lockstep_tenant::provision::Row;

fn info(row: &Record<'_>) -> Result<PhotoInfo> {
    let pixels = |at: usize| -> Result<u16> {
        u16::try_from(row.get::<i64>(at)?).map_err(|_| Fault::corrupt("the size of a photo"))
    };
    Ok(PhotoInfo { width: pixels(0)?, height: pixels(1)?, etag: row.get(2)? })
}

/// What is known of an object's photo; none where it has none.
pub(super) fn look(connection: Connection<'_>, id: ObjectId) -> Result<Option<PhotoInfo>> {
    let sql = "SELECT p.width, p.height, p.etag FROM object o JOIN photo p ON p.oid = o.oid WHERE o.id = ?1";
    first(connection, sql, [id.0.as_bytes().as_slice()], info)
}

/// An object's photo; none where it has none.
pub(super) fn read(connection: Connection<'_>, id: ObjectId) -> Result<Option<Photo>> {
    let sql = "SELECT p.width, p.height, p.etag, p.jpeg FROM object o JOIN photo p ON p.oid = o.oid WHERE o.id = ?1";
    first(connection, sql, [id.0.as_bytes().as_slice()], |row| {
        Ok(Photo { jpeg: row.get::<&[u8]>(3)?.to_vec(), info: info(row)? })
    })
}

/// Gives a living object a photo, or takes it away. Answers whether there is such an object and, to take away, a photo.
pub(super) fn write(
    connection: Connection<'_>,
    id: ObjectId,
    photo: Option<&Photo>,
    actor: String,
    now: Timestamp,
) -> Result<bool> {
    let sql = "SELECT oid FROM object WHERE id = ?1 AND state = 0";
    let found = first(connection, sql, [id.0.as_bytes().as_slice()], |row| row.get::<Row>(0))?;
    let Some(row) = found else { return Ok(false) };
    let before = look(connection, id)?;
    if photo.is_none() && before.is_none() {
        return Ok(false);
    }
    if before.as_ref() == photo.map(|photo| &photo.info) {
        return Ok(true);
    }
    let mut batch = Batch::begin_by(connection, now, actor)?;
    run(connection, "DELETE FROM photo WHERE oid = ?1", [row])?;
    if let Some(Photo { jpeg, info }) = photo {
        let sql = "INSERT INTO photo (oid, jpeg, width, height, etag) VALUES (?1, ?2, ?3, ?4, ?5)";
        let (width, height) = (i64::from(info.width), i64::from(info.height));
        run_counted(connection, sql, (row, jpeg.as_slice(), width, height, info.etag.as_str()))?;
    }
    batch.touch(row)?;
    let (was, is) = (before.map(|info| info.size()), photo.map(|photo| photo.info.size()));
    // Another photo of the same size is another photo.
    let is = is.map(|is| if was.as_ref() == Some(&is) { format!("{is} (another)") } else { is });
    batch.note(
        row,
        HistoryOutcome::Updated,
        &Body::default().and_extra("photo", was.as_deref(), is.as_deref()),
    )?;
    batch.finish()?;
    Ok(true)
}
