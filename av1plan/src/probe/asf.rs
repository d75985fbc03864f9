//! What ffprobe doesn't show of an ASF file (WMV): how many bytes it should have. A file that was cut off plays to
//! where it ends, and ffprobe then shows no duration.

/// How many bytes from the start of a file [`declared_size`] looks at.
pub const HEADER_LENGTH: usize = 64 * 1024;

/// The object that contains all others of the header.
const HEADER: [u8; 16] =
    [0x30, 0x26, 0xB2, 0x75, 0x8E, 0x66, 0xCF, 0x11, 0xA6, 0xD9, 0x00, 0xAA, 0x00, 0x62, 0xCE, 0x6C];

/// The object `File Properties`.
const FILE_PROPERTIES: [u8; 16] =
    [0xA1, 0xDC, 0xAB, 0x8C, 0x47, 0xA9, 0xCF, 0x11, 0x8E, 0xE4, 0x00, 0xC0, 0x0C, 0x20, 0x53, 0x65];

/// The length of an object's GUID and size.
const OBJECT: usize = 24;

/// The bit of the flags that says that the file was written while it was broadcast, and nobody knew its size.
const BROADCAST: u8 = 1;

/// How many bytes an ASF file has by its own header, of which these are the first bytes. `None` if it isn't ASF, or its
/// header doesn't say.
pub fn declared_size(file: &[u8]) -> Option<u64> {
    let mut rest = file.strip_prefix(&HEADER)?.get(OBJECT + 6 - HEADER.len()..)?;
    loop {
        let length = usize::try_from(number(rest, 16)?).ok().filter(|length| *length >= OBJECT)?;
        if rest.starts_with(&FILE_PROPERTIES) {
            let body = rest.get(OBJECT..)?;
            let is_known = body.get(64)? & BROADCAST == 0;
            return number(body, 16).filter(|size| is_known && *size > 0);
        }
        rest = rest.get(length..)?;
    }
}

/// The number of eight bytes at a place, the lowest byte first.
fn number(bytes: &[u8], at: usize) -> Option<u64> {
    let bytes = bytes.get(at..at.checked_add(8)?)?;
    Some(u64::from_le_bytes(bytes.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    fn object(guid: &[u8], body: &[u8]) -> Vec<u8> {
        let length = (OBJECT + body.len()) as u64;
        [guid, &length.to_le_bytes(), body].concat()
    }

    fn file(size: u64, flags: u8) -> Vec<u8> {
        let mut properties = [0; 80];
        properties[16..24].copy_from_slice(&size.to_le_bytes());
        properties[64] = flags;
        let objects = [object(&[7; 16], &[1, 2, 3]), object(&FILE_PROPERTIES, &properties)].concat();
        object(&HEADER, &[&[2, 0, 0, 0, 1, 2], &objects[..]].concat())
    }

    #[test]
    fn the_size_is_that_of_the_file_properties_unless_it_was_broadcast() {
        assert_eq!(declared_size(&file(1 << 33, 2)), Some(1 << 33));
        assert_eq!(declared_size(&file(1 << 33, BROADCAST)), None);
        assert_eq!(declared_size(&file(0, 0)), None);
        assert_eq!(declared_size(b"RIFF"), None);
    }

    #[test]
    fn a_broken_header_says_nothing() {
        let whole = file(5, 0);
        for length in 0..whole.len() - 16 {
            assert_eq!(declared_size(&whole[..length]), None, "{length}");
        }
        for length in [0, 23, u64::MAX] {
            let mut endless = whole.clone();
            endless[30 + 16..30 + 24].copy_from_slice(&length.to_le_bytes());
            assert_eq!(declared_size(&endless), None);
        }
    }
}
