//! Content on its way in and out, never more than a buffer of it in memory.

use std::{fs::File, io, ops::Range, sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt, stream};
use tokio::task::spawn_blocking;

use super::{
    files::{Folders, IncomingFile, read_some},
    record::{ContentFile, StoreError, StoreResult},
};

/// How much is gathered before it is hashed and written, and how much is read at once.
const BUFFER: usize = 1024 * 1024;

/// How long a sender may be silent.
const SILENCE: Duration = Duration::from_secs(60);

/// Error of a sender's stream.
pub(super) type BodyError = Box<dyn std::error::Error + Send + Sync>;

/// Writes a stream into a new file; hashing and writing happen off the asynchronous threads.
pub(super) async fn receive<S>(folders: &Arc<Folders>, name: String, mut content: S, size: Option<u64>) -> StoreResult<IncomingFile>
where
    S: Stream<Item = Result<Bytes, BodyError>> + Unpin,
{
    let its_folders = Arc::clone(folders);
    let mut file = spawn_blocking(move || IncomingFile::create(&its_folders, name)).await??;
    let mut buffer = BytesMut::new();
    loop {
        let next = tokio::time::timeout(SILENCE, content.next()).await.map_err(|silence| StoreError::Interrupted(silence.into()))?;
        let ended = match next {
            Some(chunk) => {
                buffer.extend_from_slice(&chunk.map_err(StoreError::Interrupted)?);
                false
            }
            None => true,
        };
        if size.is_some_and(|size| file.size() + buffer.len() as u64 > size) {
            return Err(StoreError::WrongSize);
        }
        if buffer.len() >= BUFFER || (ended && !buffer.is_empty()) {
            let bytes = buffer.split().freeze();
            file = spawn_blocking(move || file.append(&bytes).map(|()| file)).await??;
        }
        if ended {
            break;
        }
    }
    match size {
        Some(size) if size != file.size() => Err(StoreError::WrongSize),
        _ => Ok(file),
    }
}

/// A piece of a content file that is still to be sent.
struct Piece {
    name: String,
    offset: u64,
    length: u64,
}

/// What is left to send: the file being read, and the pieces behind it.
struct Reading {
    folders: Arc<Folders>,
    open: Option<(File, u64)>,
    pieces: std::vec::IntoIter<Piece>,
}

impl Reading {
    /// The next buffer, or nothing at the end.
    fn next(&mut self) -> io::Result<Option<Bytes>> {
        loop {
            match &mut self.open {
                Some((_, 0)) => self.open = None,
                Some((file, left)) => {
                    let limit = usize::try_from(*left).unwrap_or(BUFFER).min(BUFFER);
                    let bytes = read_some(file, limit)?;
                    if bytes.is_empty() {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                    *left -= bytes.len() as u64;
                    return Ok(Some(bytes.into()));
                }
                None => match self.pieces.next() {
                    Some(piece) => self.open = Some((self.folders.open(&piece.name, piece.offset)?, piece.length)),
                    None => return Ok(None),
                },
            }
        }
    }
}

/// Streams `range` of the content that lies in `files`, one after the other. The first file is opened, and its first buffer
/// read, before this returns, so that a missing file is an error and not a broken answer.
pub(super) async fn send(
    folders: Arc<Folders>,
    files: Vec<ContentFile>,
    range: Range<u64>,
) -> StoreResult<impl Stream<Item = io::Result<Bytes>> + Send + 'static> {
    let reading = Reading { folders, open: None, pieces: pieces(files, range).into_iter() };
    let (first, reading) = advance(reading).await?;
    let rest = stream::try_unfold(reading, |reading| async move {
        let (bytes, reading) = advance(reading).await?;
        Ok::<_, io::Error>(bytes.map(|bytes| (bytes, reading)))
    });
    Ok(stream::iter(first.map(Ok)).chain(rest))
}

async fn advance(mut reading: Reading) -> io::Result<(Option<Bytes>, Reading)> {
    spawn_blocking(move || reading.next().map(|bytes| (bytes, reading))).await.map_err(io::Error::other)?
}

/// The pieces of `files` that lie in `range` of the whole.
fn pieces(files: Vec<ContentFile>, range: Range<u64>) -> Vec<Piece> {
    let mut begin = 0;
    let mut pieces = Vec::new();
    for file in files {
        let end = begin + file.size;
        let (from, to) = (range.start.max(begin), range.end.min(end));
        if from < to {
            pieces.push(Piece { name: file.name, offset: from - begin, length: to - from });
        }
        begin = end;
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_over_several_files_is_cut_at_their_borders() {
        let files = |sizes: &[u64]| sizes.iter().map(|size| ContentFile { name: size.to_string(), size: *size }).collect::<Vec<_>>();
        let cut = |range| pieces(files(&[3, 0, 4, 5]), range).iter().map(|piece| (piece.offset, piece.length)).collect::<Vec<_>>();
        assert_eq!(cut(0..12), [(0, 3), (0, 4), (0, 5)]);
        assert_eq!(cut(2..8), [(2, 1), (0, 4), (0, 1)]);
        assert_eq!(cut(3..7), [(0, 4)]);
        assert_eq!(cut(11..12), [(4, 1)]);
        assert_eq!(cut(0..0), []);
    }
}
