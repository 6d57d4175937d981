//! The part of a manifest that is in memory.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use domain::{
    PortResult,
    ports::{ByteRange, ObjectVersion, Objects},
};
use futures::TryStreamExt as _;

/// Fetched at a time.
const BLOCK: u64 = 1 << 20;

/// Where a manifest is.
#[derive(Clone)]
pub(crate) struct Manifest {
    pub(crate) objects: Arc<dyn Objects>,
    pub(crate) object: ObjectVersion,
    pub(crate) size: u64,
}

/// What was fetched and is not read yet. A request for it never stays open while something else is done, so nothing ends it
/// when an import writes slowly.
pub(crate) struct Window {
    manifest: Manifest,
    bytes: Bytes,
    offset: u64,
    block: u64,
}

impl Window {
    /// From `offset` on.
    pub(crate) fn new(manifest: Manifest, offset: u64) -> Self {
        Self { manifest, bytes: Bytes::new(), offset, block: BLOCK }
    }

    #[cfg(test)]
    pub(crate) fn in_blocks_of(mut self, block: u64) -> Self {
        self.block = block;
        self
    }

    /// What is in memory, up to the end of a block.
    pub(crate) fn rest(&self) -> &[u8] {
        &self.bytes
    }

    /// Where in the manifest that begins.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// The next `count` bytes are read.
    pub(crate) fn advance(&mut self, count: usize) {
        let gone = self.bytes.split_to(count.min(self.bytes.len()));
        self.offset += gone.len() as u64;
    }

    /// Fetches the next block behind what is in memory; `false` at the manifest's end.
    pub(crate) async fn more(&mut self) -> PortResult<bool> {
        let start = self.offset + self.bytes.len() as u64;
        if start >= self.manifest.size {
            return Ok(false);
        }
        let end = (start + self.block).min(self.manifest.size) - 1;
        let body = self.manifest.objects.get(&self.manifest.object, Some(ByteRange { start, end: Some(end) })).await?;
        let mut bytes = BytesMut::from(self.rest());
        let mut blocks = body.bytes;
        while let Some(block) = blocks.try_next().await? {
            bytes.extend_from_slice(&block);
        }
        self.bytes = bytes.freeze();
        Ok(true)
    }
}
