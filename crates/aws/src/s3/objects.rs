//! `Objects` over S3's protocol.

use std::{collections::BTreeMap, sync::atomic::Ordering, time::Duration};

use async_trait::async_trait;
use aws_sdk_s3::{
    operation::put_object::builders::PutObjectFluentBuilder,
    types::{ChecksumMode, Delete, ObjectIdentifier, ServerSideEncryption},
};
use domain::{
    PortError, PortErrorKind, PortResult,
    ports::{ByteRange, ByteStream, Listing, ObjectAddress, ObjectBody, ObjectInfo, ObjectVersion, Objects, PutOptions, SignedRequest},
};

use super::{
    S3Objects,
    body::{SizedBody, cut_out, incoming},
    bulk_attempts,
    conversion::{Checksums, attachment, checksums, content_length, header_checksum, size, timestamp, version},
    errors::port_error,
    long_attempts,
};

/// Most objects on a page, and most that one request removes.
const PAGE: usize = 1000;

#[async_trait]
impl Objects for S3Objects {
    async fn sign_put(&self, address: &ObjectAddress, options: &PutOptions, expires_in: Duration) -> PortResult<SignedRequest> {
        const OPERATION: &str = "objects.sign_put";
        check_key(OPERATION, &address.key)?;
        let signing = self.signing_credentials.signing(OPERATION, self.clock.now(), expires_in).await?;
        let request = self.describe_put(OPERATION, self.signing_client.put_object(), address, options)?;
        let signed = request.customize().config_override(signing.config()).presigned(signing.presigning.clone()).await;
        Ok(signing.request("PUT", &signed.map_err(port_error(OPERATION))?))
    }

    async fn sign_get(&self, object: &ObjectVersion, file_name: &str, expires_in: Duration) -> PortResult<SignedRequest> {
        const OPERATION: &str = "objects.sign_get";
        check_key(OPERATION, &object.address.key)?;
        let signing = self.signing_credentials.signing(OPERATION, self.clock.now(), expires_in).await?;
        let request = self
            .signing_client
            .get_object()
            .bucket(&object.address.bucket)
            .key(&object.address.key)
            .set_version_id(object.version.clone())
            .response_content_disposition(attachment(file_name));
        let signed = request.customize().config_override(signing.config()).presigned(signing.presigning.clone()).await;
        Ok(signing.request("GET", &signed.map_err(port_error(OPERATION))?))
    }

    async fn put(&self, address: &ObjectAddress, options: &PutOptions, content: ByteStream) -> PortResult<ObjectInfo> {
        const OPERATION: &str = "objects.put";
        check_key(OPERATION, &address.key)?;
        let (body, wrong_size) = SizedBody::stream(content, options.size);
        let request = self.describe_put(OPERATION, self.client.put_object(), address, options)?.body(body);
        let stored = request.customize().config_override(long_attempts()).send().await.map_err(|error| {
            let told = port_error(OPERATION)(error);
            // The connection broke because our own stream did, which no retry mends.
            if wrong_size.load(Ordering::SeqCst) { PortError::new(PortErrorKind::InvalidArgument, OPERATION).because(told) } else { told }
        })?;
        Ok(ObjectInfo {
            key: address.key.clone(),
            version: version(stored.version_id),
            size: options.size,
            sha256: Some(options.sha256.clone()),
            composite_sha256: None,
            content_type: Some(options.content_type.clone()),
            // The answer has no time; this is right to the length of the request.
            modified: self.clock.now(),
        })
    }

    async fn get(&self, object: &ObjectVersion, range: Option<ByteRange>) -> PortResult<ObjectBody> {
        const OPERATION: &str = "objects.get";
        check_key(OPERATION, &object.address.key)?;
        let range_text = range.map(|range| match range.end {
            Some(end) => format!("bytes={}-{end}", range.start),
            None => format!("bytes={}-", range.start),
        });
        let request = self
            .client
            .get_object()
            .bucket(&object.address.bucket)
            .key(&object.address.key)
            .set_version_id(object.version.clone())
            .set_checksum_mode(range.is_none().then_some(ChecksumMode::Enabled))
            .set_range(range_text);
        let found = request.send().await.map_err(port_error(OPERATION))?;
        let Checksums { sha256, composite_sha256 } = checksums(found.checksum_sha256());
        let (whole, cut) = match found.content_range() {
            Some(told) => (told.rsplit_once('/').and_then(|(_, whole)| whole.parse().ok()), None),
            // A server may answer with the whole instead (RFC 9110, 14.2).
            None => (found.content_length(), range),
        };
        let info = ObjectInfo {
            key: object.address.key.clone(),
            version: version(found.version_id),
            size: size(OPERATION, whole)?,
            sha256,
            composite_sha256,
            content_type: found.content_type,
            modified: timestamp(found.last_modified.as_ref()),
        };
        let bytes = match cut {
            Some(range) if range.start >= info.size => return Err(PortError::new(PortErrorKind::InvalidArgument, OPERATION)),
            Some(range) => cut_out(incoming(found.body), range),
            None => incoming(found.body),
        };
        Ok(ObjectBody { info, bytes })
    }

    async fn head(&self, object: &ObjectVersion) -> PortResult<ObjectInfo> {
        const OPERATION: &str = "objects.head";
        check_key(OPERATION, &object.address.key)?;
        let request = self
            .client
            .head_object()
            .bucket(&object.address.bucket)
            .key(&object.address.key)
            .set_version_id(object.version.clone())
            .checksum_mode(ChecksumMode::Enabled);
        let found = request.send().await.map_err(port_error(OPERATION))?;
        let Checksums { sha256, composite_sha256 } = checksums(found.checksum_sha256());
        Ok(ObjectInfo {
            key: object.address.key.clone(),
            version: version(found.version_id),
            size: size(OPERATION, found.content_length)?,
            sha256,
            composite_sha256,
            content_type: found.content_type,
            modified: timestamp(found.last_modified.as_ref()),
        })
    }

    async fn list(&self, bucket: &str, prefix: &str, after: Option<String>) -> PortResult<Listing> {
        const OPERATION: &str = "objects.list";
        let mut token = None;
        loop {
            let request = self.client.list_objects_v2().bucket(bucket).prefix(prefix).set_start_after(after.clone());
            let request = request.set_continuation_token(token).customize().config_override(bulk_attempts());
            let page = request.send().await.map_err(port_error(OPERATION))?;
            let objects = page.contents.unwrap_or_default().into_iter().map(|object| {
                Ok(ObjectInfo {
                    size: size(OPERATION, object.size)?,
                    modified: timestamp(object.last_modified.as_ref()),
                    key: object.key.unwrap_or_default(),
                    version: None,
                    sha256: None,
                    composite_sha256: None,
                    content_type: None,
                })
            });
            let mut objects: Vec<ObjectInfo> = objects.collect::<PortResult<_>>()?;
            // Stores that keep folders begin with the names beside the folder that `after` is in.
            objects.retain(|object| after.as_ref().is_none_or(|after| object.key > *after));
            token = page.next_continuation_token;
            if !objects.is_empty() || token.is_none() {
                let next = objects.last().filter(|_| token.is_some()).map(|last| last.key.clone());
                return Ok(Listing { objects, next });
            }
        }
    }

    async fn delete_many(&self, objects: &[ObjectVersion]) -> PortResult<Vec<ObjectVersion>> {
        let mut by_bucket: BTreeMap<&str, Vec<&ObjectVersion>> = BTreeMap::new();
        for object in objects {
            check_key("objects.delete_many", &object.address.key)?;
            by_bucket.entry(&object.address.bucket).or_default().push(object);
        }
        let mut remaining = Vec::new();
        for (bucket, objects) in by_bucket {
            for chunk in objects.chunks(PAGE) {
                remaining.extend(self.delete_some(bucket, chunk).await?);
            }
        }
        Ok(remaining)
    }
}

impl S3Objects {
    /// The headers of a PUT of exactly what `options` describe; the same to send it and to sign it.
    fn describe_put(
        &self,
        operation: &'static str,
        request: PutObjectFluentBuilder,
        address: &ObjectAddress,
        options: &PutOptions,
    ) -> PortResult<PutObjectFluentBuilder> {
        Ok(request
            .bucket(&address.bucket)
            .key(&address.key)
            .content_length(content_length(operation, options.size)?)
            .content_type(&options.content_type)
            .checksum_sha256(header_checksum(operation, &options.sha256)?)
            .set_if_none_match(options.only_if_absent.then(|| "*".to_owned()))
            .set_server_side_encryption(self.kms_key_id.as_ref().map(|_| ServerSideEncryption::AwsKms))
            .set_ssekms_key_id(self.kms_key_id.clone()))
    }

    async fn delete_some(&self, bucket: &str, objects: &[&ObjectVersion]) -> PortResult<Vec<ObjectVersion>> {
        const OPERATION: &str = "objects.delete_many";
        let invalid = |error| PortError::new(PortErrorKind::InvalidArgument, OPERATION).because(error);
        let mut delete = Delete::builder().quiet(true);
        for object in objects {
            let named = ObjectIdentifier::builder().key(&object.address.key).set_version_id(object.version.clone());
            delete = delete.objects(named.build().map_err(invalid)?);
        }
        let request = self.client.delete_objects().bucket(bucket).delete(delete.build().map_err(invalid)?);
        let answer = request.customize().config_override(bulk_attempts()).send().await.map_err(port_error(OPERATION))?;
        let remaining = answer.errors().iter().map(|error| {
            tracing::warn!(key = error.key(), code = error.code(), "an object can't be removed");
            ObjectVersion {
                address: ObjectAddress { bucket: bucket.to_owned(), key: error.key().unwrap_or_default().to_owned() },
                version: error.version_id().map(str::to_owned),
            }
        });
        Ok(remaining.collect())
    }
}

/// The SDK would send an empty key as a request about the bucket.
pub(super) fn check_key(operation: &'static str, key: &str) -> PortResult<()> {
    if (1..=1024).contains(&key.len()) {
        return Ok(());
    }
    Err(PortError::new(PortErrorKind::InvalidArgument, operation).with("key_bytes", key.len()))
}
