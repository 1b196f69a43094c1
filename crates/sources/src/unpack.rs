//! Answers and files that come packed: what gzip packed is unpacked, and what is another archive is
//! named.

use std::io::Read;

use flate2::read::MultiGzDecoder;

use crate::reading_worker::read_aside;

/// What packed files begin with that are not read, and what they are.
const PACKED: [(&[u8], &str); 6] = [
    (b"PK\x03\x04", "a ZIP archive or an Excel workbook"),
    (b"\xd0\xcf\x11\xe0", "an Excel workbook"),
    (b"\x28\xb5\x2f\xfd", "packed by zstd"),
    (b"\xfd7zXZ", "packed by xz"),
    (b"BZh", "packed by bzip2"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
];

const GZIP: &[u8] = b"\x1f\x8b";

/// The text within, which has as many bytes at most.
pub(crate) fn unpacked(bytes: Vec<u8>, bytes_max: usize) -> Result<Vec<u8>, String> {
    if let Some((_, what)) = PACKED.iter().find(|(begins, _)| bytes.starts_with(begins)) {
        return Err(format!("is {what}, which is not read; write it as plain text or by gzip"));
    }
    if !bytes.starts_with(GZIP) {
        return Ok(bytes);
    }
    let mut text = Vec::new();
    // One byte over tells that there is more.
    let limit = u64::try_from(bytes_max).unwrap_or(u64::MAX).saturating_add(1);
    let read = MultiGzDecoder::new(bytes.as_slice()).take(limit).read_to_end(&mut text);
    read.map_err(|_| "was packed by gzip and is damaged or cut off; write it again")?;
    if text.len() > bytes_max {
        let told = "has more than";
        return Err(format!("{told} {bytes_max} bytes when it is unpacked; raise `max_bytes`"));
    }
    Ok(text)
}

/// The same on a thread of its own: a few bytes may be many.
pub(crate) async fn unpacked_aside(bytes: Vec<u8>, bytes_max: usize) -> Result<Vec<u8>, String> {
    if !bytes.starts_with(GZIP) {
        return unpacked(bytes, bytes_max);
    }
    read_aside(bytes_max, move || unpacked(bytes, bytes_max)).await?
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    #[test]
    fn what_gzip_packed_is_read_and_other_archives_are_named() {
        let packed = |text: &[u8]| {
            let mut packer = GzEncoder::new(Vec::new(), Compression::default());
            packer.write_all(text).unwrap();
            packer.finish().unwrap()
        };
        assert_eq!(unpacked(b"a,b\n".to_vec(), 10), Ok(b"a,b\n".to_vec()));
        assert_eq!(unpacked(packed(b"a,b\n"), 10), Ok(b"a,b\n".to_vec()));
        let two = [packed(b"a,b\n"), packed(b"1,2\n")].concat();
        assert_eq!(unpacked(two, 10), Ok(b"a,b\n1,2\n".to_vec()), "as logs are put together");
        let mut cut = packed(b"a,b\n1,2\n");
        cut.truncate(cut.len() - 9);
        for (bytes, part) in [
            (cut, "damaged or cut off"),
            (packed(&[b'x'; 1000]), "more than 10 bytes when it is unpacked"),
            (b"PK\x03\x04...".to_vec(), "a ZIP archive or an Excel workbook"),
            (b"\x28\xb5\x2f\xfd".to_vec(), "packed by zstd"),
        ] {
            let words = unpacked(bytes, 10).unwrap_err();
            assert!(words.contains(part), "{words}");
        }
    }
}
