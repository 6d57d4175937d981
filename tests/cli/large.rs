//! One large file, sent in parts by a command that is killed again and again.

use std::{
    fs::File,
    io::{BufWriter, Write as _},
    net::SocketAddr,
    path::Path,
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use datalake_tests_machine::wait_until;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use crate::{files::bytes, id, signed_in, text};

const MEBIBYTE: u64 = 1024 * 1024;
/// The size of the file in every push's test, and in the long one.
const SOME: u64 = 320 * MEBIBYTE;
const MANY: u64 = 2048 * MEBIBYTE;
/// The size of a part of files of these sizes.
const PART: u64 = 16 * MEBIBYTE;
const WORKERS: u64 = 2;
/// What is sent besides: heads of requests.
const HEADS: u64 = 4 * MEBIBYTE;

/// Passes connections on to `server`; answers with its address and the count of bytes that clients have sent.
async fn counting(server: SocketAddr) -> (SocketAddr, Arc<AtomicU64>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let sent = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&sent);
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let counter = Arc::clone(&counter);
            tokio::spawn(async move {
                let Ok(server) = TcpStream::connect(server).await else { return };
                let ((mut from_client, mut to_client), (mut from_server, mut to_server)) = (client.into_split(), server.into_split());
                let answers = tokio::spawn(async move { tokio::io::copy(&mut from_server, &mut to_client).await });
                let mut buffer = vec![0; 256 * 1024];
                while let Ok(length @ 1..) = from_client.read(&mut buffer).await {
                    counter.fetch_add(length as u64, Ordering::SeqCst);
                    if to_server.write_all(&buffer[..length]).await.is_err() {
                        break;
                    }
                }
                // The server learns that a killed client is gone.
                drop(to_server);
                answers.abort();
            });
        }
    });
    (address, sent)
}

/// A file that is other in each mebibyte.
fn write_large(path: &Path, size: u64) {
    let mut file = BufWriter::new(File::create(path).expect("a file"));
    let mut block = bytes(11, usize::try_from(MEBIBYTE).expect("a size"));
    for number in 0..size / MEBIBYTE {
        block[..8].copy_from_slice(&number.to_le_bytes());
        file.write_all(&block).expect("written");
    }
    file.flush().expect("written");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_upload_sends_at_most_one_part_a_worker_again() {
    let size = if test_servers::only_long("a file of 2 GiB") { SOME } else { MANY };
    let (mut lake, datalake) = signed_in().await;
    let server = lake.objects().strip_prefix("http://").and_then(|address| address.parse().ok()).expect("an address");
    let (proxy, sent) = counting(server).await;
    lake.stop().await.expect("stopped");
    lake.set_arguments(&["--objects-public-url", &format!("http://{proxy}")]);
    lake.serve().await.expect("serves");
    let folder = lake.path("large");
    std::fs::create_dir(&folder).expect("a folder");
    write_large(&folder.join("large.bin"), size);
    let package = id(&datalake.json(&["packages", "create", "Large"]).expect("created"));
    let workers = WORKERS.to_string();
    let push = ["packages", "push", text(&folder), "--package", &package, "--quiet", "--parallel", &workers];
    let kills = [30, 60, 90];
    for percent in kills {
        let mut command = tokio::process::Command::from(datalake.command().expect("built"));
        let mut pushing = command.args(push).stdout(Stdio::null()).kill_on_drop(true).spawn().expect("started");
        // Of bytes that were sent: what has arrived is never more, so something is left to send at each kill.
        let enough = size / 100 * percent;
        let killed = wait_until("enough is sent", async || {
            let ended = pushing.try_wait().expect("a process");
            assert!(ended.is_none(), "it was to be killed at {percent} % and ended: {ended:?}");
            Ok((sent.load(Ordering::SeqCst) >= enough).then_some(()))
        });
        killed.await.expect("sent");
        pushing.kill().await.expect("killed");
    }
    // What was on its way at each kill comes again.
    let again = kills.len() as u64 * WORKERS * PART;
    datalake.run(&push).expect("pushed");
    let total = sent.load(Ordering::SeqCst);
    assert!(total >= size && total <= size + again + HEADS, "{total} bytes were sent of a file of {size}");

    let out = lake.path("out");
    assert_eq!(datalake.json(&["packages", "pull", &package, text(&out)]).expect("pulled")["unverified"], 0);
    let verified = datalake.json(&["packages", "verify", &package, text(&folder)]).expect("the same");
    assert_eq!((&verified["same"], &verified["missing"]), (&1.into(), &0.into()), "{verified}");
}
