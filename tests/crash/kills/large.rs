//! Large files, sent in parts over as many lives as it takes.

use std::collections::BTreeMap;

use anyhow::{Context as _, ensure};
use datalake_tests_machine::{Lake, Person, sha256};
use serde_json::{Value, json};

use crate::asking::{Life, number, post_once, text};

/// More than one request may send.
const SIZE: usize = 64 * 1024 * 1024 + 4_321;

/// A file on its way.
struct Upload {
    key: String,
    dataset: Option<String>,
    part_size: usize,
    parts: u32,
    /// Hashes of the parts whose arrival was answered.
    arrived: BTreeMap<u32, String>,
}

/// The files of one package.
pub(super) struct LargeFiles {
    pub(super) person: Person,
    package: String,
    content: Vec<u8>,
    left: u32,
    /// Files that came to their end.
    pub(super) sent: u32,
    current: Option<Upload>,
}

impl LargeFiles {
    pub(super) async fn new(lake: &Lake, person: &Person, files: u32) -> anyhow::Result<Self> {
        let package = lake.create_package(person, "Large").await?;
        let mut content = vec![b'.'; SIZE];
        for (number, line) in content.chunks_mut(1024 * 1024).enumerate() {
            line[0] = u8::try_from(number)?;
        }
        Ok(Self { person: person.clone(), package, content, left: files, sent: 0, current: None })
    }

    /// Sends parts until the server is killed, or every file is there.
    pub(super) async fn work(&mut self, lake: &Lake, life: &Life) -> anyhow::Result<()> {
        while !life.is_over() {
            let mut upload = match self.current.take() {
                Some(upload) => upload,
                None if self.left == 0 => return Ok(()),
                None => self.next(),
            };
            if self.advance(lake, life, &mut upload).await? {
                self.sent += 1;
                // One a life, so that other lives end in the middle of one.
                return Ok(());
            }
            self.current = Some(upload);
        }
        Ok(())
    }

    /// After a kill: parts whose arrival was answered are there, as they were sent.
    pub(super) async fn settle(&mut self, lake: &Lake) -> anyhow::Result<()> {
        let Some(upload) = &self.current else { return Ok(()) };
        let Some(dataset) = &upload.dataset else { return Ok(()) };
        let told = lake.get(&self.person, &format!("/packages/{}/datasets/{dataset}", self.package)).await?.expect(200)?.body;
        if told["state"] == "available" {
            // Completing it was not answered, and happened: the next life asks again.
            return Ok(());
        }
        let listed = lake.get(&self.person, &format!("/packages/{}/datasets/{dataset}/parts", self.package)).await?;
        if listed.status == 409 {
            // The store had assembled it, and the tables were not told.
            let complete = upload.arrived.len() == upload.parts as usize && listed.body["code"] == "parts_assembled";
            ensure!(complete, "parts are gone: {}", listed.body);
            return Ok(());
        }
        let listed = listed.expect(200)?;
        let mut there = BTreeMap::new();
        for part in listed.body["parts"].as_array().context("parts")? {
            there.insert(number(part, "number")?, (text(part, "sha256")?, number(part, "size")?));
        }
        for (number, hash) in &upload.arrived {
            let (found, size) = there.get(&u64::from(*number)).with_context(|| format!("part {number} is lost: {there:?}"))?;
            ensure!(found == hash && *size == self.part(upload, *number).len() as u64, "part {number} is another one");
        }
        Ok(())
    }

    fn next(&mut self) -> Upload {
        self.left -= 1;
        Upload { key: format!("large {}", self.left), dataset: None, part_size: 0, parts: 0, arrived: BTreeMap::new() }
    }

    fn part(&self, upload: &Upload, number: u32) -> &[u8] {
        let from = upload.part_size * (number as usize - 1);
        &self.content[from..SIZE.min(from + upload.part_size)]
    }

    /// One step; `true` once the file is there.
    async fn advance(&self, lake: &Lake, life: &Life, upload: &mut Upload) -> anyhow::Result<bool> {
        let path = format!("/packages/{}/datasets", self.package);
        let Some(dataset) = upload.dataset.clone() else {
            let entry = json!({ "name": upload.key, "size": SIZE, "content_type": "application/octet-stream" });
            let sending = post_once(lake, &self.person, &path, &upload.key, json!({ "datasets": [entry] }));
            let Some(answer) = life.ask(sending, &[200]).await? else { return Ok(false) };
            let plan = &answer.body["results"][0]["upload"];
            upload.part_size = usize::try_from(number(plan, "part_size")?)?;
            upload.parts = u32::try_from(number(plan, "parts")?)?;
            upload.dataset = Some(answer.text("/results/0/dataset/id")?);
            return Ok(false);
        };
        let path = format!("{path}/{dataset}");
        if let Some(number) = (1..=upload.parts).find(|number| !upload.arrived.contains_key(number)) {
            let bytes = self.part(upload, number);
            let hash = sha256(bytes);
            let parts = json!({ "parts": [{ "number": number, "size": bytes.len(), "sha256": hash }] });
            let Some(signed) = life.ask(lake.post(&self.person, &format!("{path}/parts"), &parts), &[200]).await? else {
                return Ok(false);
            };
            let sent = life.ask(lake.send_signed(&signed.body["parts"][0]["upload"], bytes), &[200]).await?;
            if sent.is_some() {
                upload.arrived.insert(number, hash);
            }
            return Ok(false);
        }
        let Some(answer) = life.ask(lake.post(&self.person, &format!("{path}/complete"), &Value::Null), &[200]).await? else {
            return Ok(false);
        };
        ensure!(answer.body["state"] == "available" && number(&answer.body, "size")? == SIZE as u64, "{}", answer.body);
        Ok(true)
    }
}
