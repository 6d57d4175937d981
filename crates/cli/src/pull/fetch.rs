//! Fetching one file.

use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
    time::Duration,
};

use aws_lc_rs::digest::{SHA256, digest};
use futures::StreamExt as _;
use tokio::{
    fs::{self, OpenOptions},
    io::AsyncWriteExt as _,
};

use super::{Pull, Pulled, Wanted};
use crate::{
    failure::{Failure, Outcome},
    paths,
    progress::FileProgress,
    sha256,
};

/// A download that breaks off is gone on with so often without a byte more arriving.
const ATTEMPTS: u32 = 5;

impl Pull<'_> {
    /// Brings the file to its place, unless it is there already.
    pub(super) async fn fetch(&self, wanted: &Wanted) -> Outcome<Pulled> {
        let target = paths::below(&self.root.join(&self.folder), &wanted.name).map_err(Failure::failed)?;
        let (root, file) = (self.root.clone(), target.clone());
        tokio::task::spawn_blocking(move || paths::make_folders(&root, &file)).await.map_err(Failure::failed)?.map_err(Failure::failed)?;
        if is_there(&target, wanted).await {
            self.progress.pass(wanted.size);
            return Ok(Pulled::Unchanged);
        }
        let temporary = temporary_name(&target, wanted);
        let progress = self.progress.file(&wanted.name, wanted.size);
        for last in [false, true] {
            let resumed = self.download(wanted, &temporary, &progress).await?;
            let Some(expected) = &wanted.sha256 else { break };
            if hash_of(&temporary).await? == *expected {
                break;
            }
            // A wrong beginning may be left from long ago; a file fetched whole is simply wrong.
            remove(&temporary).await?;
            progress.take_back(wanted.size);
            if last || !resumed {
                return Err(Failure::failed("its bytes are not those that were promised (SHA-256 differs); nothing was kept"));
            }
        }
        fs::rename(&temporary, &target).await.map_err(|error| Failure::file(format!("write {}", target.display()), &error))?;
        Ok(Pulled::Fetched { verified: wanted.sha256.is_some() })
    }

    /// Brings the temporary file to its full size. Says whether its beginning was there before.
    async fn download(&self, wanted: &Wanted, temporary: &Path, progress: &FileProgress) -> Outcome<bool> {
        let mut there = length_of(temporary).await?;
        if there > wanted.size {
            remove(temporary).await?;
            there = 0;
        }
        let resumed = there > 0;
        progress.advance(there);
        let mut attempt = 0;
        while there < wanted.size {
            let before = there;
            let result = self.append(wanted, temporary, &mut there, progress).await;
            let Err(failure) = result else { continue };
            attempt = if there > before { 0 } else { attempt + 1 };
            if there > wanted.size || attempt >= ATTEMPTS || !failure.1 {
                return Err(failure.0);
            }
            tokio::time::sleep(Duration::from_millis(200 << attempt)).await;
        }
        if wanted.size == 0 {
            if wanted.sha256.is_none() {
                // A folder of another store has no size either; the service tells when it is asked for the bytes.
                wanted.source.url(self.client, &wanted.dataset, self.objects.as_ref()).await?;
            }
            open(temporary, 0).await?;
        }
        Ok(resumed)
    }

    /// Appends what comes. A failure says whether going on may help.
    async fn append(&self, wanted: &Wanted, temporary: &Path, there: &mut u64, progress: &FileProgress) -> Result<(), (Failure, bool)> {
        let url = wanted.source.url(self.client, &wanted.dataset, self.objects.as_ref()).await.map_err(|failure| (failure, false))?;
        // The client has tried often enough by itself to begin.
        let fetched = self.client.fetch(&url, *there).await.map_err(|error| (Failure::from(error), false))?;
        if fetched.from < *there {
            progress.take_back(*there);
            *there = 0;
        }
        let written = |error: std::io::Error| (Failure::file(format!("write {}", temporary.display()), &error), false);
        let mut file = open(temporary, *there).await.map_err(|failure| (failure, false))?;
        let mut bytes = Box::pin(fetched.into_stream());
        let mut result = Ok(());
        while let Some(chunk) = bytes.next().await {
            let chunk = match chunk {
                Ok(chunk) => chunk,
                Err(error) => {
                    result = Err((Failure::from(error), true));
                    break;
                }
            };
            if *there + chunk.len() as u64 > wanted.size {
                *there = wanted.size + 1;
                return Err((Failure::failed(format!("more than the promised {} bytes came", wanted.size)), false));
            }
            file.write_all(&chunk).await.map_err(written)?;
            *there += chunk.len() as u64;
            progress.advance(chunk.len() as u64);
        }
        file.flush().await.map_err(written)?;
        if result.is_ok() && *there < wanted.size {
            return Err((Failure::failed(format!("only {there} of {} bytes came", wanted.size)), true));
        }
        result
    }
}

async fn is_there(target: &Path, wanted: &Wanted) -> bool {
    let Some(expected) = &wanted.sha256 else { return false };
    let facts = fs::symlink_metadata(target).await;
    facts.is_ok_and(|facts| facts.is_file() && facts.len() == wanted.size) && hash_of(target).await.is_ok_and(|hash| hash == *expected)
}

/// Beside the target, so that the last step is a rename; named by content, so that it is only gone on with for the same.
fn temporary_name(target: &Path, wanted: &Wanted) -> PathBuf {
    let content = wanted.sha256.as_deref().unwrap_or(&wanted.dataset);
    let name = hex::encode(&digest(&SHA256, format!("{}\n{content}", wanted.name).as_bytes()).as_ref()[..12]);
    target.with_file_name(format!(".{name}.datalake-part"))
}

async fn length_of(path: &Path) -> Outcome<u64> {
    match fs::symlink_metadata(path).await {
        Ok(facts) if facts.is_file() => Ok(facts.len()),
        Ok(_) => Err(Failure::failed(format!("{} is in the way: it is no file", path.display()))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(0),
        Err(error) => Err(Failure::file(format!("read {}", path.display()), &error)),
    }
}

/// The temporary file, cut to what is kept of it, to be written on.
async fn open(path: &Path, keep: u64) -> Outcome<fs::File> {
    let failed = |error: std::io::Error| Failure::file(format!("write {}", path.display()), &error);
    let file = OpenOptions::new().create(true).append(true).open(path).await.map_err(failed)?;
    file.set_len(keep).await.map_err(failed)?;
    Ok(file)
}

async fn remove(path: &Path) -> Outcome {
    match fs::remove_file(path).await {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(Failure::file(format!("remove {}", path.display()), &error)),
        _ => Ok(()),
    }
}

async fn hash_of(path: &Path) -> Outcome<String> {
    let path = path.to_path_buf();
    let failed = path.display().to_string();
    let hashed = tokio::task::spawn_blocking(move || sha256::of_file(&path)).await.map_err(Failure::failed)?;
    hashed.map(|(hash, _)| hash).map_err(|error| Failure::file(format!("read {failed}"), &error))
}
