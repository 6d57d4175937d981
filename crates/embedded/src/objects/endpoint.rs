//! The S3 operations that the endpoint offers; all others are answered `NotImplemented`.

use std::sync::Arc;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use futures::TryStreamExt;
use http_body_util::StreamBody;
use hyper::body::Frame;
use s3s::{
    Body, S3, S3Request, S3Response, S3Result,
    dto::{
        AbortMultipartUploadInput, AbortMultipartUploadOutput, ChecksumAlgorithm, ChecksumType, CompleteMultipartUploadInput,
        CompleteMultipartUploadOutput, CreateMultipartUploadInput, CreateMultipartUploadOutput, DeleteObjectInput, DeleteObjectOutput,
        DeleteObjectsInput, DeleteObjectsOutput, DeletedObject, ETag, Error, GetObjectInput, GetObjectOutput, HeadObjectInput,
        HeadObjectOutput, ListObjectsV2Input, ListObjectsV2Output, ListPartsInput, ListPartsOutput, Object, Part, PutObjectInput,
        PutObjectOutput, StreamingBlob, UploadPartInput, UploadPartOutput,
    },
    s3_error,
};

use super::{
    conversion::{announced_sha256, announced_size, check_conditions, checksum, only_if_absent, size, timestamp},
    record::StoreResult,
    roots::ImportRoots,
    sources::{Sources, UNKNOWN_TYPE},
    store::{ObjectStore, PutConditions},
    uploads::{NamedPart, UploadAddress},
};

/// Most objects or parts on a page.
const PAGE: i32 = 1000;

/// Most objects that one request removes.
const MOST_DELETED: usize = 1000;

/// S3's operations over the store, and those that read over whatever is served as a bucket besides.
pub(super) struct Endpoint {
    store: Arc<ObjectStore>,
    sources: Sources,
}

impl Endpoint {
    pub(super) fn new(store: Arc<ObjectStore>, roots: ImportRoots) -> Self {
        Self { sources: Sources::new(Arc::clone(&store), roots), store }
    }

    async fn delete(&self, bucket: &str, key: &str, version: Option<&str>) -> StoreResult<Option<String>> {
        match version {
            Some(version) => self.store.remove(bucket, key, version).await.map(|()| None),
            None => self.store.hide(bucket, key).await,
        }
    }
}

fn upload_address(bucket: String, key: String, id: String) -> UploadAddress {
    UploadAddress { id, bucket, key }
}

fn page_size(asked: Option<i32>) -> S3Result<usize> {
    let asked = asked.unwrap_or(PAGE);
    usize::try_from(asked.min(PAGE)).map_err(|error| s3_error!(error, InvalidArgument))
}

fn part_number(number: i32) -> S3Result<u32> {
    u32::try_from(number).map_err(|error| s3_error!(error, InvalidArgument))
}

#[async_trait::async_trait]
impl S3 for Endpoint {
    async fn get_object(&self, request: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
        let input = request.input;
        if input.part_number.is_some() {
            return Err(s3_error!(NotImplemented, "Reading by part number is not offered."));
        }
        let found = self.sources.find(&input.bucket, &input.key, input.version_id.as_deref()).await?;
        check_conditions(found.etag(), input.if_match.as_ref(), input.if_none_match.as_ref())?;
        let whole = found.size();
        let range = input.range.as_ref().map(|range| range.check(whole)).transpose()?;
        let sent = range.clone().unwrap_or(0..whole);
        let length = size(sent.end - sent.start)?;
        // A checksum is of the whole: with a range clients would compare it with the wrong bytes.
        let (sha256, kind) = found.checksum().filter(|_| input.checksum_mode.is_some() && range.is_none()).unzip();
        let described = GetObjectOutput {
            accept_ranges: Some("bytes".to_owned()),
            checksum_sha256: sha256,
            checksum_type: kind,
            content_length: Some(length),
            content_range: range.map(|range| format!("bytes {}-{}/{whole}", range.start, range.end - 1)),
            e_tag: Some(ETag::Strong(found.etag())),
            last_modified: Some(timestamp(found.modified())),
            content_type: Some(found.content_type().to_owned()),
            version_id: found.version().map(str::to_owned),
            ..Default::default()
        };
        let content = self.sources.read(found, sent).await?;
        let body = Body::http_body_unsync(StreamBody::new(content.map_ok(Frame::data)));
        Ok(S3Response::new(GetObjectOutput { body: Some(StreamingBlob::from(body)), ..described }))
    }

    async fn head_object(&self, request: S3Request<HeadObjectInput>) -> S3Result<S3Response<HeadObjectOutput>> {
        let input = request.input;
        if input.part_number.is_some() {
            return Err(s3_error!(NotImplemented, "Reading by part number is not offered."));
        }
        let found = self.sources.find(&input.bucket, &input.key, input.version_id.as_deref()).await?;
        check_conditions(found.etag(), input.if_match.as_ref(), input.if_none_match.as_ref())?;
        let (sha256, kind) = found.checksum().filter(|_| input.checksum_mode.is_some()).unzip();
        Ok(S3Response::new(HeadObjectOutput {
            accept_ranges: Some("bytes".to_owned()),
            checksum_sha256: sha256,
            checksum_type: kind,
            content_length: Some(size(found.size())?),
            e_tag: Some(ETag::Strong(found.etag())),
            last_modified: Some(timestamp(found.modified())),
            content_type: Some(found.content_type().to_owned()),
            version_id: found.version().map(str::to_owned),
            ..Default::default()
        }))
    }

    async fn put_object(&self, request: S3Request<PutObjectInput>) -> S3Result<S3Response<PutObjectOutput>> {
        let input = request.input;
        let unoffered = input.metadata.is_some_and(|metadata| !metadata.is_empty())
            || input.acl.is_some()
            || input.tagging.is_some()
            || input.server_side_encryption.is_some()
            || input.checksum_crc32.is_some()
            || input.checksum_crc32c.is_some()
            || input.checksum_crc64nvme.is_some()
            || input.checksum_sha1.is_some()
            || input.content_encoding.is_some_and(|encoding| encoding != "aws-chunked");
        if unoffered || input.content_md5.is_some() || request.trailing_headers.is_some() {
            return Err(s3_error!(NotImplemented, "The request asks for what this store does not keep or check."));
        }
        let conditions = PutConditions {
            size: announced_size(input.content_length)?,
            sha256: announced_sha256(input.checksum_sha256)?,
            only_if_absent: only_if_absent(input.if_match.as_ref(), input.if_none_match.as_ref())?,
        };
        let content_type = input.content_type.as_deref().unwrap_or(UNKNOWN_TYPE);
        let body = input.body.unwrap_or_else(|| StreamingBlob::from(Body::empty()));
        let record = self.store.put(&input.bucket, &input.key, content_type, conditions, body).await?;
        let (sha256, kind) = checksum(&record);
        Ok(S3Response::new(PutObjectOutput {
            checksum_sha256: Some(sha256),
            checksum_type: Some(kind),
            e_tag: Some(ETag::Strong(record.etag())),
            version_id: Some(record.version),
            ..Default::default()
        }))
    }

    async fn list_objects_v2(&self, request: S3Request<ListObjectsV2Input>) -> S3Result<S3Response<ListObjectsV2Output>> {
        let input = request.input;
        if input.delimiter.is_some() || input.encoding_type.is_some() {
            return Err(s3_error!(NotImplemented, "Listings with a delimiter or encoded keys are not offered."));
        }
        let limit = page_size(input.max_keys)?;
        let prefix = input.prefix.clone().unwrap_or_default();
        let after = match &input.continuation_token {
            Some(token) => BASE64_URL_SAFE_NO_PAD.decode(token).ok().and_then(|key| String::from_utf8(key).ok()),
            None => Some(input.start_after.clone().unwrap_or_default()),
        };
        let after = after.ok_or_else(|| s3_error!(InvalidArgument, "The continuation token provided is incorrect"))?;
        let (found, truncated) = self.sources.list(&input.bucket, &prefix, &after, limit).await?;
        let next = found.last().filter(|_| truncated).map(|last| BASE64_URL_SAFE_NO_PAD.encode(last.key()));
        let contents = found.into_iter().map(|found| {
            let kind = found.checksum().map(|(_, kind)| kind);
            Ok(Object {
                e_tag: Some(ETag::Strong(found.etag())),
                last_modified: Some(timestamp(found.modified())),
                size: Some(size(found.size())?),
                checksum_algorithm: kind.is_some().then(|| vec![ChecksumAlgorithm::from_static(ChecksumAlgorithm::SHA256)]),
                checksum_type: kind,
                key: Some(found.key().to_owned()),
                ..Default::default()
            })
        });
        let contents = contents.collect::<S3Result<Vec<_>>>()?;
        Ok(S3Response::new(ListObjectsV2Output {
            name: Some(input.bucket),
            prefix: input.prefix,
            start_after: input.start_after,
            continuation_token: input.continuation_token,
            max_keys: i32::try_from(limit).ok(),
            key_count: i32::try_from(contents.len()).ok(),
            is_truncated: Some(next.is_some()),
            next_continuation_token: next,
            contents: Some(contents),
            ..Default::default()
        }))
    }

    async fn delete_object(&self, request: S3Request<DeleteObjectInput>) -> S3Result<S3Response<DeleteObjectOutput>> {
        let input = request.input;
        let marker = self.delete(&input.bucket, &input.key, input.version_id.as_deref()).await?;
        Ok(S3Response::new(DeleteObjectOutput {
            delete_marker: marker.is_some().then_some(true),
            version_id: input.version_id.or(marker),
            ..Default::default()
        }))
    }

    async fn delete_objects(&self, request: S3Request<DeleteObjectsInput>) -> S3Result<S3Response<DeleteObjectsOutput>> {
        let input = request.input;
        if input.delete.objects.is_empty() || input.delete.objects.len() > MOST_DELETED {
            return Err(s3_error!(MalformedXML));
        }
        let (mut deleted, mut errors) = (Vec::new(), Vec::new());
        for object in input.delete.objects {
            match self.delete(&input.bucket, &object.key, object.version_id.as_deref()).await {
                Ok(marker) => deleted.push(DeletedObject {
                    delete_marker: marker.is_some().then_some(true),
                    delete_marker_version_id: marker,
                    key: Some(object.key),
                    version_id: object.version_id,
                }),
                Err(error) => {
                    let error = s3s::S3Error::from(error);
                    errors.push(Error {
                        code: Some(error.code().as_str().to_owned()),
                        key: Some(object.key),
                        message: error.message().map(str::to_owned),
                        version_id: object.version_id,
                    });
                }
            }
        }
        if input.delete.quiet == Some(true) {
            deleted.clear();
        }
        Ok(S3Response::new(DeleteObjectsOutput { deleted: Some(deleted), errors: Some(errors), ..Default::default() }))
    }

    async fn create_multipart_upload(
        &self,
        request: S3Request<CreateMultipartUploadInput>,
    ) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
        let input = request.input;
        if input.metadata.is_some_and(|metadata| !metadata.is_empty()) || input.acl.is_some() || input.tagging.is_some() {
            return Err(s3_error!(NotImplemented, "The request asks for what this store does not keep."));
        }
        if input.checksum_algorithm.as_ref().is_some_and(|algorithm| algorithm.as_str() != ChecksumAlgorithm::SHA256) {
            return Err(s3_error!(NotImplemented, "Of checksums, only SHA-256 is offered."));
        }
        let content_type = input.content_type.as_deref().unwrap_or(UNKNOWN_TYPE);
        let upload_id = self.store.create_upload(&input.bucket, &input.key, content_type).await?;
        Ok(S3Response::new(CreateMultipartUploadOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            checksum_algorithm: Some(ChecksumAlgorithm::from_static(ChecksumAlgorithm::SHA256)),
            checksum_type: Some(ChecksumType::from_static(ChecksumType::COMPOSITE)),
            upload_id: Some(upload_id),
            ..Default::default()
        }))
    }

    async fn upload_part(&self, request: S3Request<UploadPartInput>) -> S3Result<S3Response<UploadPartOutput>> {
        let input = request.input;
        let unoffered = input.checksum_crc32.is_some()
            || input.checksum_crc32c.is_some()
            || input.checksum_crc64nvme.is_some()
            || input.checksum_sha1.is_some();
        if unoffered || input.content_md5.is_some() || request.trailing_headers.is_some() {
            return Err(s3_error!(NotImplemented, "The request asks for what this store does not check."));
        }
        let conditions = PutConditions {
            size: announced_size(input.content_length)?,
            sha256: announced_sha256(input.checksum_sha256)?,
            only_if_absent: false,
        };
        let upload = upload_address(input.bucket, input.key, input.upload_id);
        let body = input.body.unwrap_or_else(|| StreamingBlob::from(Body::empty()));
        let part = self.store.put_part(upload, part_number(input.part_number)?, conditions, body).await?;
        Ok(S3Response::new(UploadPartOutput {
            checksum_sha256: Some(base64::prelude::BASE64_STANDARD.encode(part.sha256)),
            e_tag: Some(ETag::Strong(part.etag())),
            ..Default::default()
        }))
    }

    async fn list_parts(&self, request: S3Request<ListPartsInput>) -> S3Result<S3Response<ListPartsOutput>> {
        let input = request.input;
        let limit = page_size(input.max_parts)?;
        let after = input.part_number_marker.map(part_number).transpose()?.unwrap_or(0);
        let upload = upload_address(input.bucket.clone(), input.key.clone(), input.upload_id.clone());
        let mut found = self.store.parts(upload, after, limit + 1).await?;
        let truncated = found.len() > limit;
        found.truncate(limit);
        let next = found.last().filter(|_| truncated).and_then(|last| i32::try_from(last.number).ok());
        let parts = found.into_iter().map(|part| {
            Ok(Part {
                checksum_sha256: Some(base64::prelude::BASE64_STANDARD.encode(part.sha256)),
                e_tag: Some(ETag::Strong(part.etag())),
                last_modified: Some(timestamp(part.modified)),
                part_number: i32::try_from(part.number).ok(),
                size: Some(size(part.file.size)?),
                ..Default::default()
            })
        });
        Ok(S3Response::new(ListPartsOutput {
            parts: Some(parts.collect::<S3Result<Vec<_>>>()?),
            bucket: Some(input.bucket),
            key: Some(input.key),
            upload_id: Some(input.upload_id),
            checksum_algorithm: Some(ChecksumAlgorithm::from_static(ChecksumAlgorithm::SHA256)),
            checksum_type: Some(ChecksumType::from_static(ChecksumType::COMPOSITE)),
            is_truncated: Some(truncated),
            max_parts: i32::try_from(limit).ok(),
            part_number_marker: input.part_number_marker,
            next_part_number_marker: next,
            ..Default::default()
        }))
    }

    async fn complete_multipart_upload(
        &self,
        request: S3Request<CompleteMultipartUploadInput>,
    ) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
        let input = request.input;
        let absent = only_if_absent(input.if_match.as_ref(), input.if_none_match.as_ref())?;
        let named = input.multipart_upload.and_then(|upload| upload.parts).unwrap_or_default();
        let named = named.into_iter().map(|part| {
            let (Some(number), Some(etag)) = (part.part_number, part.e_tag) else { return Err(s3_error!(MalformedXML)) };
            Ok(NamedPart { number: part_number(number)?, etag: etag.into_value(), sha256: announced_sha256(part.checksum_sha256)? })
        });
        let upload = upload_address(input.bucket.clone(), input.key, input.upload_id);
        let record = self.store.complete(upload, named.collect::<S3Result<Vec<_>>>()?, absent).await?;
        let (sha256, kind) = checksum(&record);
        Ok(S3Response::new(CompleteMultipartUploadOutput {
            bucket: Some(input.bucket),
            checksum_sha256: Some(sha256),
            checksum_type: Some(kind),
            e_tag: Some(ETag::Strong(record.etag())),
            key: Some(record.key),
            version_id: Some(record.version),
            ..Default::default()
        }))
    }

    async fn abort_multipart_upload(
        &self,
        request: S3Request<AbortMultipartUploadInput>,
    ) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
        let input = request.input;
        self.store.abort(upload_address(input.bucket, input.key, input.upload_id)).await?;
        Ok(S3Response::new(AbortMultipartUploadOutput::default()))
    }
}
