//! Keeps signed heads of the audit log's chains where nobody can change them.
//!
//! A chain shows by itself whether a record inside it was changed, not whether its end was cut off, nor whether somebody
//! who may write tables and log sealed all of it anew. A signed head, once it is written, shows both.

use std::{sync::Arc, time::Duration};

use aws_lc_rs::{
    digest::{SHA256, digest},
    signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use domain::{
    Invalid, PortError, PortErrorKind, PortResult, Timestamp,
    chain_heads::{ChainHeads, SCHEMA},
    ports::{Clock, ECDSA_SHA_256, ObjectAddress, Objects, PutOptions, Signer, Tables},
};
use futures::{StreamExt as _, stream};
use serde::{Deserialize, Serialize};

use crate::store::Store;

/// Below this are the signed heads: `chain-heads/{date}/{time}.json`.
pub const PREFIX: &str = "chain-heads/";

/// Heads are signed so far apart at least, however often housekeeping runs.
const APART: Duration = Duration::from_secs(10 * 60);

/// What an object below [`PREFIX`] holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedHeads {
    /// [`ChainHeads`] as JSON: exactly these bytes are signed.
    pub signed: String,
    /// The signature (DER, base64).
    pub signature: String,
    /// Its algorithm.
    pub algorithm: String,
    /// The key's name.
    pub key: String,
}

impl SignedHeads {
    /// The heads, if the key with this public half (DER) signed them.
    ///
    /// # Errors
    /// If it did not, or if what it signed are no heads.
    pub fn open(&self, public_key: &[u8]) -> Result<ChainHeads, Invalid> {
        let signature = BASE64_STANDARD.decode(&self.signature).map_err(|_| Invalid::new("has no signature"))?;
        if self.algorithm != ECDSA_SHA_256 {
            return Err(Invalid::new("is signed by an unknown algorithm"));
        }
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, public_key);
        key.verify(self.signed.as_bytes(), &signature).map_err(|_| Invalid::new("was not signed by this key"))?;
        serde_json::from_str(&self.signed).map_err(|_| Invalid::new("holds no heads"))
    }
}

/// The worker.
#[derive(Clone)]
pub struct HeadKeeping {
    store: Store,
    objects: Arc<dyn Objects>,
    signer: Arc<dyn Signer>,
    clock: Arc<dyn Clock>,
    bucket: String,
}

impl HeadKeeping {
    /// Over the tables, the key that signs, and the bucket where nothing is changed.
    pub fn new(
        tables: Arc<dyn Tables>,
        objects: Arc<dyn Objects>,
        signer: Arc<dyn Signer>,
        clock: Arc<dyn Clock>,
        bucket: impl Into<String>,
    ) -> Self {
        Self { store: Store::new(tables), objects, signer, clock, bucket: bucket.into() }
    }

    /// Writes the heads as they are now, unless they are those that were written last, or that was just now; answers where.
    ///
    /// # Errors
    /// Those of the ports. After any of them the heads are written at the next call.
    pub async fn keep(&self) -> PortResult<Option<ObjectAddress>> {
        // In this order: what another run wrote in between is no newer than the heads that are read here.
        let last = self.store.kept_chain_heads().await?;
        let now = self.clock.now();
        if last.as_ref().is_some_and(|last| last.time <= now && now.since(last.time) < APART) {
            return Ok(None);
        }
        let chains = self.store.chain_ends().await?;
        if last.as_ref().map_or(&[][..], |last| last.chains.as_slice()) == chains {
            return Ok(None);
        }
        let set_back = last.map(|last| last.set_back_in(&chains)).unwrap_or_default();
        if !set_back.is_empty() {
            tracing::error!(chains = ?set_back, "chains of the audit log went back since their heads were signed last");
        }
        let heads = ChainHeads { schema: SCHEMA, time: now, chains };
        let address = ObjectAddress { bucket: self.bucket.clone(), key: key(heads.time) };
        let signed = self.sign(&heads).await?;
        self.put(&address, &signed).await?;
        // Logs go elsewhere: another place where whoever changes this one does not reach.
        let SignedHeads { signed, signature, algorithm, key } = &signed;
        tracing::info!(object = address.key, signed, signature, algorithm, key, "signed the heads of the audit log's chains");
        // If this is lost, the same heads are written once more, with another time.
        self.store.keep_chain_heads(&heads).await?;
        Ok(Some(address))
    }

    async fn sign(&self, heads: &ChainHeads) -> PortResult<SignedHeads> {
        let signed = serde_json::to_string(heads).map_err(internal)?;
        let signature = self.signer.sign(signed.as_bytes()).await?;
        Ok(SignedHeads {
            signed,
            signature: BASE64_STANDARD.encode(&signature.bytes),
            algorithm: signature.algorithm.to_owned(),
            key: signature.key,
        })
    }

    async fn put(&self, address: &ObjectAddress, signed: &SignedHeads) -> PortResult<()> {
        let content = serde_json::to_vec_pretty(signed).map_err(internal)?;
        let options = PutOptions {
            size: content.len() as u64,
            content_type: "application/json".to_owned(),
            // A store that locks what it takes wants a checksum too.
            sha256: hex::encode(digest(&SHA256, &content)),
            only_if_absent: true,
        };
        let content = stream::once(std::future::ready(Ok(content.into()))).boxed();
        self.objects.put(address, &options, content).await.map(drop)
    }
}

/// Where heads of this time are; keys are in the order of times.
fn key(time: Timestamp) -> String {
    let text = time.to_string();
    let (date, time) = text.split_once('T').unwrap_or((&text, ""));
    format!("{PREFIX}{date}/{}.json", time.replace(':', "-"))
}

fn internal(error: serde_json::Error) -> PortError {
    PortError::new(PortErrorKind::Unexpected, "chain_heads.keep").because(error)
}
