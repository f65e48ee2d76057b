//! What programs left on the machines of workers: one file a job, which comes through the store of large results.

use std::{path::Path, time::Duration};

use async_nats::jetstream::object_store::Object;
use tokio::{
    fs::{self, File},
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
};

use super::{
    Remote,
    large::{self, Unfetched},
};
use crate::{
    nats::{Key, Report},
    work::programs,
};

const BUFFER: usize = 128 * 1024;

impl Remote {
    /// The report with the program's file in the bot's own folder, under the name that a program of this process would have
    /// given it. Where the file is lost, the report says so: what the program did is done, so it is not run again for that.
    pub(super) async fn with_files(&self, key: Key, report: Report) -> Report {
        let Some(printed) = report.end.printed() else { return report };
        let Some((_, length)) = printed.kept() else { return report };
        let name = programs::file_name(key.job);
        let fetched = match &report.object {
            // Whoever calls it otherwise names the file of somebody else.
            Some(object) if printed.is_kept_in(&name) => self.fetch_file(key, object, &name, length).await,
            _ => false,
        };
        if fetched {
            return report;
        }
        tracing::warn!(%key, worker = report.worker, "what a program left is lost");
        let printed = printed.clone().without_file();
        Report { end: report.end.with_printed(printed), ..report }
    }

    /// Whether the file is there now. It is asked for as long as NATS is away.
    async fn fetch_file(&self, key: Key, object: &str, name: &str, length: u64) -> bool {
        // Nothing closes it.
        let _permit = self.fetches.acquire().await.ok();
        let take = |found: Object| async move {
            keep(&mut found.take(length), self.timings.idle, (&self.results, name)).await
        };
        let kept = self.fetch(object, ("a file is not fetched", &key as _), take).await;
        kept == Some(length)
    }
}

/// Copies it into the folder; it has its name when all of it is on the disk. Gives its length.
async fn keep(
    from: &mut (impl AsyncRead + Unpin),
    idle: Duration,
    (folder, name): (&Path, &str),
) -> Result<u64, Unfetched> {
    let part = folder.join(format!("{name}.part"));
    let copied = async {
        fs::create_dir_all(folder).await.map_err(Unfetched::Write)?;
        let mut file = File::create(&part).await.map_err(Unfetched::Write)?;
        let bytes = copy(from, idle, &mut file).await?;
        file.sync_all().await.map_err(Unfetched::Write)?;
        fs::rename(&part, folder.join(name)).await.map_err(Unfetched::Write)?;
        // The name, too, has to be on the disk.
        let folder = File::open(folder).await.map_err(Unfetched::Write)?;
        folder.sync_all().await.map_err(Unfetched::Write)?;
        Ok(bytes)
    };
    let copied = copied.await;
    if copied.is_err() {
        // What stays is removed at the next start.
        fs::remove_file(&part).await.ok();
    }
    copied
}

async fn copy(from: &mut (impl AsyncRead + Unpin), idle: Duration, to: &mut File) -> Result<u64, Unfetched> {
    let (mut buffer, mut bytes) = (vec![0; BUFFER], 0);
    loop {
        let read = large::next(idle, from.read(&mut buffer)).await?;
        if read == 0 {
            break;
        }
        to.write_all(&buffer[..read]).await.map_err(Unfetched::Write)?;
        bytes += read as u64;
    }
    to.flush().await.map_err(Unfetched::Write)?;
    Ok(bytes)
}
