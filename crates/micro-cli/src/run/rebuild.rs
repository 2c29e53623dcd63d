//! `micro run --watch`: builds and starts a service anew whenever its files have changed.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use super::{RunArgs, submit};
use crate::errors::Result;
use crate::session::{Globals, Session};
use crate::source::{Folder, Place, Source};
use crate::watch::Screen;

/// How often files are looked at.
const LOOK: Duration = Duration::from_millis(200);

/// When each file was changed last, and how large it is.
type Picture = BTreeMap<PathBuf, (SystemTime, u64)>;

/// Goes on until the process is ended. A build that fails is told, and the old one serves on.
pub(super) async fn keep(globals: &Globals, source: &Source, args: &RunArgs) -> Result<()> {
    let Place::Folder(folder) = &source.place else {
        return Ok(());
    };
    println!("watching {}; Ctrl-C ends that", folder.root.display());
    let mut built = picture(folder).await?;
    loop {
        built = changed(folder, &built, Duration::from_millis(args.watch_delay)).await?;
        // The token of before may have ended meanwhile.
        let updated = async {
            let session = Session::open(globals).await?;
            submit(&session, &Screen::default(), &source.again()?, args).await
        };
        match updated.await {
            Ok(()) => println!("{} is updated", source.name),
            Err(failure) => failure.report(),
        }
    }
}

/// Waits until files have changed and are at rest again.
async fn changed(folder: &Folder, before: &Picture, rest: Duration) -> Result<Picture> {
    let mut last = before.clone();
    let mut since = tokio::time::Instant::now();
    loop {
        tokio::time::sleep(LOOK).await;
        let now = picture(folder).await?;
        if now != last {
            (last, since) = (now, tokio::time::Instant::now());
        } else if now != *before && since.elapsed() >= rest {
            return Ok(now);
        }
    }
}

async fn picture(folder: &Folder) -> Result<Picture> {
    let folder = folder.clone();
    let look = tokio::task::spawn_blocking(move || {
        let mut picture = Picture::new();
        for path in folder.files()? {
            // One that is gone by now is a change that the next look sees.
            if let Ok(metadata) = path.metadata() {
                let changed = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                picture.insert(path, (changed, metadata.len()));
            }
        }
        Ok(picture)
    });
    look.await.map_err(std::io::Error::other)?
}
