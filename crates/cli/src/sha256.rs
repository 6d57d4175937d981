//! SHA-256 of files, on threads that may block.

use std::{
    fs::File,
    io::{self, Read, Seek as _, SeekFrom},
    path::Path,
};

use aws_lc_rs::digest::{Context, SHA256};

const BUFFER: usize = 256 * 1024;

/// The hash of a whole file and how many bytes it is of.
pub(crate) fn of_file(path: &Path) -> io::Result<(String, u64)> {
    let mut hash = Context::new(&SHA256);
    let size = feed(File::open(path)?, &mut [&mut hash])?;
    Ok((hex::encode(hash.finish()), size))
}

/// The hash of `size` bytes from `from` on; `whole` takes them as well.
pub(crate) fn of_range(path: &Path, from: u64, size: u64, whole: &mut Context) -> io::Result<String> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(from))?;
    let mut part = Context::new(&SHA256);
    if feed(file.take(size), &mut [&mut part, whole])? != size {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the file became shorter"));
    }
    Ok(hex::encode(part.finish()))
}

/// Feeds all of `source`; says how many bytes.
pub(crate) fn feed(mut source: impl Read, hashes: &mut [&mut Context]) -> io::Result<u64> {
    let mut buffer = vec![0; BUFFER];
    let mut size = 0;
    loop {
        let length = match source.read(&mut buffer) {
            Ok(0) => return Ok(size),
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        hashes.iter_mut().for_each(|hash| hash.update(&buffer[..length]));
        size += length as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_whole_and_range_agree_with_the_standards_example() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), "xabcx").expect("written");
        let mut whole = Context::new(&SHA256);
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(of_range(file.path(), 1, 3, &mut whole).expect("hashed"), abc);
        assert_eq!(hex::encode(whole.finish()), abc);
        assert_eq!(of_file(file.path()).expect("hashed").1, 5);
    }

    #[test]
    fn a_file_that_became_shorter_is_an_error() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let error = of_range(file.path(), 0, 1, &mut Context::new(&SHA256)).expect_err("too short");
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }
}
