//! Photos of users and groups: JPEG, looked at just far enough to know that they are one and how large. Nothing is made
//! smaller: of each there is the one size that was given.
//!
//! Source: ITU-T T.81, Annex B (markers and the frame header).

/// Bytes that a photo may have, as in Microsoft Graph.
pub const MAX_PHOTO_BYTES: usize = 4 * 1024 * 1024;

/// A photo.
#[derive(Clone, PartialEq, Eq)]
pub struct Photo {
    /// The file.
    pub jpeg: Vec<u8>,
    /// How large, and which.
    pub info: PhotoInfo,
}

impl std::fmt::Debug for Photo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Photo").field("bytes", &self.jpeg.len()).field("info", &self.info).finish()
    }
}

/// What is known of a photo without reading it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhotoInfo {
    /// Pixels from left to right.
    pub width: u16,
    /// Pixels from top to bottom.
    pub height: u16,
    /// Another photo has another one.
    pub etag: String,
}

impl PhotoInfo {
    /// Graph's name of the size: `648x648`.
    pub fn size(&self) -> String {
        format!("{}x{}", self.width, self.height)
    }
}

/// Why a file is not taken as a photo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PhotoRefusal {
    /// It is larger than [`MAX_PHOTO_BYTES`].
    #[error("The photo has more than 4 MB; give a smaller one.")]
    TooLarge,
    /// It is no JPEG, or a part of one.
    #[error("The photo is not a whole JPEG image; give a .jpg file.")]
    NotJpeg,
}

impl Photo {
    /// A photo of a file.
    ///
    /// # Errors
    /// [`PhotoRefusal`]: it is too large, or no JPEG with a frame, a scan and an end.
    pub fn of(jpeg: Vec<u8>, etag: String) -> Result<Self, PhotoRefusal> {
        if jpeg.len() > MAX_PHOTO_BYTES {
            return Err(PhotoRefusal::TooLarge);
        }
        let (width, height) = size_of(&jpeg).ok_or(PhotoRefusal::NotJpeg)?;
        Ok(Self { jpeg, info: PhotoInfo { width, height, etag } })
    }
}

/// Width and height of a JPEG that begins, has a frame and then a scan, and ends.
fn size_of(jpeg: &[u8]) -> Option<(u16, u16)> {
    let mut rest = jpeg.strip_prefix(&[0xff, 0xd8])?;
    // Some programs fill the end up.
    let end = jpeg.iter().rposition(|byte| *byte != 0)?;
    if jpeg.get(end.checked_sub(1)?..=end)? != [0xff, 0xd9] {
        return None;
    }
    let mut size = None;
    loop {
        // A marker may have any number of fill bytes before it.
        let [0xff, after @ ..] = rest else { return None };
        let at = after.iter().position(|byte| *byte != 0xff)?;
        let (marker, after) = after.get(at..)?.split_first()?;
        let (length, _) = after.split_first_chunk::<2>()?;
        let length = usize::from(u16::from_be_bytes(*length));
        let segment = after.get(2..length)?;
        match marker {
            // Start of frame, of any process; C4, C8 and CC are tables and an extension.
            0xc0..=0xcf if !matches!(marker, 0xc4 | 0xc8 | 0xcc) => {
                let [_precision, h1, h2, w1, w2, ..] = segment else { return None };
                size = Some((u16::from_be_bytes([*w1, *w2]), u16::from_be_bytes([*h1, *h2])));
            }
            // Start of scan: what follows is the picture.
            0xda => return size.filter(|(width, height)| *width > 0 && *height > 0),
            // Markers without a segment have no place here.
            0x00 | 0x01 | 0xd0..=0xd9 => return None,
            _ => {}
        }
        rest = after.get(length..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The least that a JPEG has.
    fn jpeg(width: u16, height: u16) -> Vec<u8> {
        let mut file = vec![0xff, 0xd8, 0xff, 0xe0, 0, 4, b'J', b'F', 0xff, 0xff, 0xc0, 0, 11, 8];
        file.extend(height.to_be_bytes());
        file.extend(width.to_be_bytes());
        file.extend([1, 1, 0x11, 0, 0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0, 0x2a, 0xff, 0xd9]);
        file
    }

    #[test]
    fn sizes() {
        assert_eq!(size_of(&jpeg(648, 480)), Some((648, 480)));
        assert_eq!(Photo::of(jpeg(1, 65_535), String::new()).unwrap().info.size(), "1x65535");
        let mut filled = jpeg(2, 3);
        filled.extend([0; 7]);
        assert_eq!(size_of(&filled), Some((2, 3)));
        let whole = jpeg(9, 9);
        for end in 0..whole.len() {
            assert_eq!(size_of(&whole[..end]), None, "{end} bytes of it");
        }
        for bad in
            [jpeg(0, 9), jpeg(9, 0), b"\x89PNG\r\n\x1a\n".to_vec(), b"\xff\xd8\xff\xd9".to_vec(), vec![0; 9]]
        {
            assert_eq!(Photo::of(bad, String::new()), Err(PhotoRefusal::NotJpeg));
        }
        let mut large = jpeg(9, 9);
        large.splice(20..20, vec![1; MAX_PHOTO_BYTES]);
        assert_eq!(Photo::of(large, String::new()), Err(PhotoRefusal::TooLarge));
    }

    proptest! {
        #[test]
        fn any_bytes_are_judged(bytes in proptest::collection::vec(any::<u8>(), 0..300), at in 0_usize..40) {
            let _ = size_of(&bytes);
            let mut file = jpeg(7, 7);
            let at = at.min(file.len());
            file.splice(at..at, bytes);
            let _ = size_of(&file);
        }
    }
}
