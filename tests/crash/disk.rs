//! A disk that is full, one that takes nothing, and one that is read-only when the server starts: writes are refused, reads
//! go on, nothing acknowledged is lost, and once there is room everything goes on without a restart.

use std::{
    fs::{self, File},
    io::{self, BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use anyhow::{Context as _, bail, ensure};
use datalake_tests_machine::{Answer, Lake, Person, wait_until};
use reqwest::Method;
use serde_json::{Value, json};

use crate::asking::{all, send};

const ADVICE: &str =
    "install util-linux (unshare, nsenter, prlimit), and let users make namespaces (sysctl kernel.unprivileged_userns_clone=1)";

/// Mounts a file system of its own over the data folder, with what is in it, where only processes in this namespace see it.
const KEEPER: &str = r#"
set -e
mkdir "$0.copy"
cp -a "$0/." "$0.copy"
mount -t tmpfs -o "size=$1,mode=0700" tmpfs "$0"
cp -a "$0.copy/." "$0"
rm -r "$0.copy"
echo ready
exec cat
"#;

/// A data folder with an end, as long as this lives.
struct Room {
    keeper: Child,
    folder: PathBuf,
}

impl Room {
    /// Around a data folder that nobody uses; the server must be launched into it.
    fn around(lake: &mut Lake, size: &str) -> anyhow::Result<Self> {
        let folder = lake.data_folder();
        let mut command = Command::new("unshare");
        command.args(["-rm", "sh", "-c", KEEPER]).arg(&folder).arg(size);
        let mut keeper = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().context(ADVICE)?;
        let mut said = String::new();
        BufReader::new(keeper.stdout.take().context("its output")?).read_line(&mut said)?;
        let room = Self { keeper, folder };
        ensure!(said.trim() == "ready", "{ADVICE}");
        let id = room.keeper.id().to_string();
        lake.set_launcher(&["nsenter", "--preserve-credentials", "--user", "--mount", "--target", &id]);
        Ok(room)
    }

    fn ballast(&self) -> PathBuf {
        let inside = self.folder.strip_prefix("/").unwrap_or(&self.folder);
        Path::new("/proc").join(self.keeper.id().to_string()).join("root").join(inside).join("ballast")
    }

    /// Leaves no room.
    fn fill(&self) -> anyhow::Result<()> {
        let mut file = File::create(self.ballast())?;
        for size in [1 << 20, 1 << 12, 1] {
            let bytes = vec![0; size];
            loop {
                match file.write_all(&bytes) {
                    Ok(()) => {}
                    Err(error) if error.kind() == io::ErrorKind::StorageFull => break,
                    Err(error) => return Err(error.into()),
                }
            }
        }
        Ok(())
    }

    fn empty(&self) -> anyhow::Result<()> {
        Ok(fs::remove_file(self.ballast())?)
    }

    /// Read-only or not; nobody may have a file open that he writes to.
    fn remount(&self, how: &str) -> anyhow::Result<()> {
        let mut command = Command::new("nsenter");
        command.args(["--preserve-credentials", "--user", "--mount", "--target", &self.keeper.id().to_string()]);
        let done = command.args(["mount", "-o", &format!("remount,{how}")]).arg(&self.folder).status()?;
        ensure!(done.success(), "the data folder can't be mounted {how}");
        Ok(())
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        // It ends with its input; a server that still runs there keeps the rest.
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

/// A refusal as the contract has it.
fn refused(answer: &Answer) -> anyhow::Result<()> {
    ensure!(answer.header("content-type")? == "application/problem+json" && answer.header("retry-after")?.parse::<u32>().is_ok());
    ensure!(answer.body["status"] == 503 && answer.text("/code")? == "unavailable", "{}", answer.body);
    let said = answer.body.to_string().to_lowercase();
    ensure!(!["sqlite", "tantivy", "disk i/o", "os error"].iter().any(|word| said.contains(word)), "it tells internals: {said}");
    Ok(())
}

/// A lake with something in it, and what was acknowledged since.
struct Used {
    lake: Lake,
    ann: Person,
    package: String,
    acknowledged: Vec<String>,
    /// An upload that was registered when there was room.
    registered: (String, Value),
}

const BYTES: &[u8] = b"name\nOder\n";

impl Used {
    async fn new(lake: Lake) -> anyhow::Result<Self> {
        let ann = lake.ann().clone();
        let package = lake.create_package(&ann, "Rivers").await?;
        lake.upload(&ann, &package, "rivers.csv", "text/csv", BYTES).await?;
        let registered = lake.register(&ann, &package, "later.csv", "text/csv", &vec![b'x'; 1 << 20]).await?;
        let used = Self { lake, ann, package, acknowledged: Vec::new(), registered };
        used.found("Rivers").await?;
        Ok(used)
    }

    async fn found(&self, word: &str) -> anyhow::Result<()> {
        wait_until(&format!("the search finds {word}"), async || {
            let answer = self.lake.get(&self.ann, &format!("/search?q={word}")).await?.expect(200)?;
            Ok(answer.body["items"].as_array().is_some_and(|items| !items.is_empty()).then_some(()))
        })
        .await
    }

    async fn write(&mut self) -> anyhow::Result<bool> {
        let name = format!("Written n{}", self.acknowledged.len());
        let body = json!({ "name": name, "description": "x".repeat(4_000), "visibility": "everyone", "metadata": { "made": "here" } });
        let answer = self.lake.post(&self.ann, "/packages", &body).await?;
        match answer.status.as_u16() {
            201 => self.acknowledged.push(answer.text("/id")?),
            503 => refused(&answer)?,
            _ => bail!("{} {}", answer.status, answer.body),
        }
        Ok(answer.status == 201)
    }

    /// Writes until it is refused several times in a row.
    async fn write_until_refused(&mut self) -> anyhow::Result<()> {
        let mut in_a_row = 0;
        for _ in 0..2_000 {
            in_a_row = if self.write().await? { 0 } else { in_a_row + 1 };
            if in_a_row == 4 {
                return Ok(());
            }
        }
        bail!("the disk takes whatever comes")
    }

    /// Other writes are refused as well, or taken.
    async fn other_writes(&self) -> anyhow::Result<()> {
        let package = format!("/packages/{}", self.package);
        let tags = json!({ "tags": { "length": "866" } });
        for (method, path, body) in [
            (Method::PATCH, format!("{package}/metadata"), tags),
            (Method::PATCH, package.clone(), json!({ "description": "Wet." })),
            (Method::POST, "/cart/items".to_owned(), json!({ "package_id": self.package })),
        ] {
            let answer = send(&self.lake, &self.ann, method, &path, &[], body).await?;
            match answer.status.as_u16() {
                200 | 201 => {}
                503 => refused(&answer)?,
                _ => bail!("{path}: {} {}", answer.status, answer.body),
            }
        }
        let sent = self.lake.send_signed(&self.registered.1, &vec![b'x'; 1 << 20]).await?;
        ensure!(sent.status.is_server_error(), "a megabyte was taken: {}", sent.status);
        let completed = self.lake.post(&self.ann, &format!("{package}/datasets/{}/complete", self.registered.0), &Value::Null).await?;
        ensure!(!completed.status.is_success(), "completed without bytes: {}", completed.body);
        Ok(())
    }

    /// What is only read is told as before.
    async fn reads(&self) -> anyhow::Result<()> {
        let package = format!("/packages/{}", self.package);
        for path in ["/packages", &package, &format!("{package}/metadata"), &format!("{package}/datasets"), "/cart", "/search?q=Rivers"] {
            self.lake.get(&self.ann, path).await?.expect(200).with_context(|| format!("GET {path}"))?;
        }
        let by_key = self.lake.command_line(&self.ann)?.args(["packages", "show", &self.package]).output()?;
        ensure!(by_key.status.success(), "with an API key: {}", String::from_utf8_lossy(&by_key.stderr));
        // Who fetches data is written down before he gets it: where nothing can be written down, nobody gets it.
        let listed = self.lake.get(&self.ann, &format!("{package}/datasets")).await?.text("/items/0/id")?;
        let download = self.lake.get(&self.ann, &format!("{package}/datasets/{listed}/download")).await?;
        match download.status.as_u16() {
            302 => drop(self.lake.fetch(download.header("location")?).await?.expect(200)?),
            503 => refused(&download)?,
            _ => bail!("{} {}", download.status, download.body),
        }
        Ok(())
    }

    /// There is room again: everything is there, and everything goes on.
    async fn goes_on(&mut self) -> anyhow::Result<()> {
        let created = wait_until("a write is taken", async || {
            let body = json!({ "name": "Room again", "visibility": "everyone" });
            let answer = self.lake.post(&self.ann, "/packages", &body).await?;
            Ok((answer.status == 201).then_some(answer))
        });
        let created = created.await?.text("/id")?;
        self.acknowledged.push(created.clone());
        self.lake.upload(&self.ann, &created, "again.csv", "text/csv", BYTES).await?;
        self.lake.send_signed(&self.registered.1, &vec![b'x'; 1 << 20]).await?.expect(200)?;
        let complete = format!("/packages/{}/datasets/{}/complete", self.package, self.registered.0);
        self.lake.post(&self.ann, &complete, &Value::Null).await?.expect(200)?;
        self.everything_is_there().await?;
        self.found("again").await?;
        if let Some(last) = self.acknowledged.len().checked_sub(2) {
            self.found(&format!("n{last}")).await?;
        }
        self.lake.export(&self.ann, &self.package, "signed-url").await?;
        Ok(())
    }

    async fn everything_is_there(&self) -> anyhow::Result<()> {
        let listed = all(&self.lake, &self.ann, "/packages").await?;
        for id in &self.acknowledged {
            ensure!(listed.iter().any(|item| item["id"] == id.as_str()), "{id} was acknowledged, and is lost");
            self.lake.get(&self.ann, &format!("/packages/{id}/metadata")).await?.expect(200)?;
        }
        // What was refused is not there.
        ensure!(listed.len() == self.acknowledged.len() + 1, "{} packages, {} acknowledged", listed.len(), self.acknowledged.len());
        Ok(())
    }

    async fn rests(&mut self) -> anyhow::Result<()> {
        self.lake.stop().await?;
        let findings = self.lake.findings()?;
        ensure!(findings.is_empty(), "{findings:?}");
        let letters = self.lake.administer(&["jobs", "--dead"])?;
        ensure!(letters.trim() == "0 dead letters", "work was given up: {letters}");
        Ok(())
    }
}

async fn full_disk() -> anyhow::Result<()> {
    let mut lake = Lake::start_logging("warn").await?;
    lake.stop().await?;
    let room = Room::around(&mut lake, "48m")?;
    lake.serve().await?;
    let mut used = Used::new(lake).await?;

    room.fill()?;
    used.write_until_refused().await?;
    used.other_writes().await?;
    used.reads().await?;
    room.empty()?;
    used.goes_on().await.context("with room again")?;

    room.fill()?;
    used.registered = (String::new(), Value::Null);
    used.write_until_refused().await?;
    used.lake.kill_9().await?;
    room.empty()?;
    used.lake.serve().await?;
    used.everything_is_there().await.context("killed while the disk was full")?;
    used.rests().await?;

    room.remount("ro")?;
    let Err(error) = used.lake.serve().await else { bail!("it serves a data folder that it can't write to") };
    let said = format!("{error:#}");
    ensure!(said.contains("datalake-server: can't open") && said.contains("ead-only file system"), "{said}");
    room.remount("rw")?;
    used.lake.serve().await?;
    used.everything_is_there().await.context("after a read-only folder")?;
    used.rests().await
}

/// Every write to a file fails, also of what is there already, as on a disk that went read-only below a running server. (The
/// kernel remounts none that has files open; a limit on the size of files is the same to the process, but for the error's
/// number.)
async fn unwritable() -> anyhow::Result<()> {
    let mut lake = Lake::start_logging("warn").await?;
    lake.stop().await?;
    // The signal that comes with the error would end the process.
    lake.set_launcher(&["sh", "-c", "trap '' XFSZ; exec \"$0\" \"$@\""]);
    lake.serve().await?;
    let mut used = Used::new(lake).await?;
    let limit = |lake: &Lake, limit: &str| {
        let id = lake.process_id().context("a running server")?.to_string();
        let done = Command::new("prlimit").args(["--pid", &id, &format!("--fsize={limit}:")]).status().context(ADVICE)?;
        ensure!(done.success(), "{ADVICE}");
        anyhow::Ok(())
    };
    limit(&used.lake, "0")?;
    for _ in 0..10 {
        ensure!(!used.write().await?, "it acknowledges what it can't write");
    }
    used.other_writes().await?;
    used.reads().await?;
    limit(&used.lake, "unlimited")?;
    used.write().await?;
    used.goes_on().await.context("writable again")?;
    used.rests().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_writes_and_loses_nothing() {
    full_disk().await.unwrap_or_else(|error| panic!("{error:?}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_takes_nothing_refuses_writes_and_loses_nothing() {
    unwritable().await.unwrap_or_else(|error| panic!("{error:?}"));
}
