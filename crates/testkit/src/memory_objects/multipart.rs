//! Uploads in parts, in memory.

use std::{collections::BTreeMap, time::Duration};

use async_trait::async_trait;
use aws_lc_rs::digest::{SHA256, digest};
use bytes::{Bytes, BytesMut};
use domain::{
    PortError, PortErrorKind, PortResult,
    ports::{Multipart, ObjectAddress, ObjectInfo, PartInfo, PartUpload, SignedRequest, StoredPart},
};

use super::{Action, MemoryObjects, Stored, Upload, Version, check_key};

/// Smallest size of a part that is not the last, as S3 has it.
const SMALLEST_PART: u64 = 5 * 1024 * 1024;

#[async_trait]
impl Multipart for MemoryObjects {
    async fn create(&self, address: &ObjectAddress, content_type: &str) -> PortResult<PartUpload> {
        self.faults.check("multipart.create")?;
        check_key("multipart.create", &address.key)?;
        let mut state = self.state();
        let upload_id = format!("upload-{}", state.next_number());
        let upload = Upload { address: address.clone(), content_type: content_type.to_owned(), parts: BTreeMap::new() };
        state.uploads.insert(upload_id.clone(), upload);
        Ok(PartUpload { address: address.clone(), upload_id })
    }

    async fn sign_part(&self, upload: &PartUpload, part: &PartInfo, expires_in: Duration) -> PortResult<SignedRequest> {
        self.faults.check("multipart.sign_part")?;
        if !(1..=10_000).contains(&part.number) {
            return Err(PortError::new(PortErrorKind::InvalidArgument, "multipart.sign_part").with("part", part.number));
        }
        Ok(self.sign("PUT", &upload.address, Action::Part(upload.clone(), part.clone()), expires_in))
    }

    async fn parts(&self, upload: &PartUpload) -> PortResult<Vec<StoredPart>> {
        self.faults.check("multipart.parts")?;
        let state = self.state();
        let found = find_upload(&state.uploads, "multipart.parts", upload)?;
        Ok(found.parts.values().map(|(part, _)| part.clone()).collect())
    }

    async fn complete(&self, upload: &PartUpload, parts: &[StoredPart]) -> PortResult<ObjectInfo> {
        const OPERATION: &str = "multipart.complete";
        self.faults.check(OPERATION)?;
        let info = {
            let modified = self.now();
            let mut state = self.state();
            let found = find_upload(&state.uploads, OPERATION, upload)?;
            let (bytes, composite) = join(OPERATION, found, parts)?;
            let content_type = found.content_type.clone();
            state.uploads.remove(&upload.upload_id);
            let id = state.next_number();
            let info = ObjectInfo {
                key: upload.address.key.clone(),
                version: Some(id.clone()),
                size: bytes.len() as u64,
                sha256: None,
                composite_sha256: Some(composite),
                content_type: Some(content_type),
                modified,
            };
            let versions = state.objects.entry((upload.address.bucket.clone(), upload.address.key.clone())).or_default();
            versions.push(Version { id, content: Some(Stored { info: info.clone(), bytes }) });
            info
        };
        self.faults.check_after(OPERATION)?;
        Ok(info)
    }

    async fn abort(&self, upload: &PartUpload) -> PortResult<()> {
        self.faults.check("multipart.abort")?;
        self.state().uploads.remove(&upload.upload_id);
        Ok(())
    }
}

fn find_upload<'a>(uploads: &'a BTreeMap<String, Upload>, operation: &'static str, upload: &PartUpload) -> PortResult<&'a Upload> {
    uploads
        .get(&upload.upload_id)
        .filter(|found| found.address == upload.address)
        .ok_or_else(|| PortError::new(PortErrorKind::NotFound, operation).with("upload", &upload.upload_id))
}

/// Content and composite checksum of the parts that are asked for.
fn join(operation: &'static str, upload: &Upload, parts: &[StoredPart]) -> PortResult<(Bytes, String)> {
    let refused = |part: u32| PortError::new(PortErrorKind::InvalidArgument, operation).with("part", part);
    let mut content = BytesMut::new();
    let mut checksums = Vec::new();
    let mut last_number = 0;
    for (position, part) in parts.iter().enumerate() {
        let number = part.info.number;
        let (stored, bytes) = upload.parts.get(&number).ok_or_else(|| refused(number))?;
        let is_last = position + 1 == parts.len();
        if number <= last_number || stored.etag != part.etag || (!is_last && stored.info.size < SMALLEST_PART) {
            return Err(refused(number));
        }
        last_number = number;
        content.extend_from_slice(bytes);
        checksums.extend(hex::decode(&stored.info.sha256).map_err(|error| refused(number).because(error))?);
    }
    if parts.is_empty() {
        return Err(refused(0));
    }
    Ok((content.freeze(), hex::encode(digest(&SHA256, &checksums))))
}
