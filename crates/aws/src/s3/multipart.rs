//! `Multipart` over S3's protocol.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_s3::types::{ChecksumAlgorithm, CompletedMultipartUpload, CompletedPart, Part, ServerSideEncryption};
use domain::{
    PortError, PortErrorKind, PortResult,
    ports::{Multipart, ObjectAddress, ObjectInfo, PartInfo, PartUpload, SignedRequest, StoredPart},
};

use super::{
    S3Objects,
    conversion::{Checksums, checksums, content_length, header_checksum, size, version},
    errors::port_error,
    long_attempts,
    objects::check_key,
};

#[async_trait]
impl Multipart for S3Objects {
    async fn create(&self, address: &ObjectAddress, content_type: &str) -> PortResult<PartUpload> {
        const OPERATION: &str = "multipart.create";
        check_key(OPERATION, &address.key)?;
        let request = self
            .client
            .create_multipart_upload()
            .bucket(&address.bucket)
            .key(&address.key)
            .content_type(content_type)
            .checksum_algorithm(ChecksumAlgorithm::Sha256)
            .set_server_side_encryption(self.kms_key_id.as_ref().map(|_| ServerSideEncryption::AwsKms))
            .set_ssekms_key_id(self.kms_key_id.clone());
        let created = request.send().await.map_err(port_error(OPERATION))?;
        let upload_id = created.upload_id.ok_or_else(|| unexpected(OPERATION, "the answer has no upload id"))?;
        Ok(PartUpload { address: address.clone(), upload_id })
    }

    async fn sign_part(&self, upload: &PartUpload, part: &PartInfo, expires_in: Duration) -> PortResult<SignedRequest> {
        const OPERATION: &str = "multipart.sign_part";
        let signing = self.signing_credentials.signing(OPERATION, self.clock.now(), expires_in).await?;
        let request = self
            .signing_client
            .upload_part()
            .bucket(&upload.address.bucket)
            .key(&upload.address.key)
            .upload_id(&upload.upload_id)
            .part_number(part_number(OPERATION, part.number)?)
            .content_length(content_length(OPERATION, part.size)?)
            .checksum_sha256(header_checksum(OPERATION, &part.sha256)?);
        let signed = request.customize().config_override(signing.config()).presigned(signing.presigning.clone()).await;
        Ok(signing.request("PUT", &signed.map_err(port_error(OPERATION))?))
    }

    async fn parts(&self, upload: &PartUpload) -> PortResult<Vec<StoredPart>> {
        const OPERATION: &str = "multipart.parts";
        let request = self.client.list_parts().bucket(&upload.address.bucket).key(&upload.address.key).upload_id(&upload.upload_id);
        let mut pages = request.into_paginator().send();
        let mut parts = Vec::new();
        while let Some(page) = pages.next().await {
            for part in page.map_err(port_error(OPERATION))?.parts.unwrap_or_default() {
                parts.push(stored_part(OPERATION, part)?);
            }
        }
        Ok(parts)
    }

    async fn complete(&self, upload: &PartUpload, parts: &[StoredPart]) -> PortResult<ObjectInfo> {
        const OPERATION: &str = "multipart.complete";
        if parts.is_empty() {
            return Err(PortError::new(PortErrorKind::InvalidArgument, OPERATION).with("parts", 0));
        }
        let mut named = CompletedMultipartUpload::builder();
        for part in parts {
            named = named.parts(
                CompletedPart::builder()
                    .part_number(part_number(OPERATION, part.info.number)?)
                    .e_tag(&part.etag)
                    .checksum_sha256(header_checksum(OPERATION, &part.info.sha256)?)
                    .build(),
            );
        }
        let request = self
            .client
            .complete_multipart_upload()
            .bucket(&upload.address.bucket)
            .key(&upload.address.key)
            .upload_id(&upload.upload_id)
            .multipart_upload(named.build());
        let completed = request.customize().config_override(long_attempts()).send().await.map_err(port_error(OPERATION))?;
        let Checksums { composite_sha256, .. } = checksums(completed.checksum_sha256());
        Ok(ObjectInfo {
            key: upload.address.key.clone(),
            version: version(completed.version_id),
            size: parts.iter().map(|part| part.info.size).sum(),
            sha256: None,
            composite_sha256,
            content_type: None,
            modified: self.clock.now(),
        })
    }

    async fn abort(&self, upload: &PartUpload) -> PortResult<()> {
        let request =
            self.client.abort_multipart_upload().bucket(&upload.address.bucket).key(&upload.address.key).upload_id(&upload.upload_id);
        match request.send().await.map_err(port_error("multipart.abort")) {
            Err(error) if !error.is(PortErrorKind::NotFound) => Err(error),
            _ => Ok(()),
        }
    }
}

fn stored_part(operation: &'static str, part: Part) -> PortResult<StoredPart> {
    let number = part.part_number.and_then(|number| u32::try_from(number).ok());
    let sha256 = checksums(part.checksum_sha256()).sha256;
    let info = PartInfo {
        number: number.ok_or_else(|| unexpected(operation, "a part has no number"))?,
        size: size(operation, part.size)?,
        sha256: sha256.ok_or_else(|| unexpected(operation, "a part has no checksum"))?,
    };
    Ok(StoredPart { info, etag: part.e_tag.ok_or_else(|| unexpected(operation, "a part has no tag"))? })
}

fn part_number(operation: &'static str, number: u32) -> PortResult<i32> {
    let valid = (1..=10_000).contains(&number).then(|| number.cast_signed());
    valid.ok_or_else(|| PortError::new(PortErrorKind::InvalidArgument, operation).with("part", number))
}

fn unexpected(operation: &'static str, reason: &'static str) -> PortError {
    PortError::new(PortErrorKind::Unexpected, operation).with("reason", reason)
}
