//! Hands out what was built: a program as it is, a folder as a tar.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use micro::runtime::build_not_found;
use micro::{Error, Result, Sender, Streaming};
use tokio::runtime::Handle;

/// Bytes of a piece.
const PIECE: usize = 64 * 1024;
/// Pieces that wait for their reader.
const QUEUE: usize = 4;

/// The bytes of a program, or of the tar of a folder, as they are when they are read.
pub async fn read(program: PathBuf) -> Result<Streaming<Bytes>> {
    let kind = tokio::fs::metadata(&program)
        .await
        .map_err(|_| build_not_found())?;
    let (sender, stream) = Streaming::channel(QUEUE);
    let runtime = Handle::current();
    tokio::task::spawn_blocking(move || {
        let pieces = Pieces {
            sender: sender.clone(),
            runtime: runtime.clone(),
        };
        let sent = if kind.is_dir() {
            send_folder(&program, pieces)
        } else {
            send_file(&program, pieces)
        };
        if let Err(error) = sent {
            let error = Error::internal("runtime.Build", format!("cannot read what was built: {error}"));
            runtime.block_on(sender.fail(error));
        }
    });
    Ok(stream)
}

fn send_file(program: &Path, mut pieces: Pieces) -> std::io::Result<()> {
    let mut file = std::fs::File::open(program)?;
    let mut buffer = vec![0; PIECE];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(()),
            read => pieces.write_all(&buffer[..read])?,
        }
    }
}

fn send_folder(folder: &Path, pieces: Pieces) -> std::io::Result<()> {
    let buffered = std::io::BufWriter::with_capacity(PIECE, pieces);
    let mut tar = tar::Builder::new(buffered);
    tar.mode(tar::HeaderMode::Deterministic);
    tar.follow_symlinks(false);
    tar.append_dir_all("", folder)?;
    tar.into_inner()?.flush()
}

/// Sends what is written to it; called on a thread that may wait.
struct Pieces {
    sender: Sender<Bytes>,
    runtime: Handle,
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let piece = Bytes::copy_from_slice(bytes);
        self.runtime
            .block_on(self.sender.send(piece))
            .map_err(std::io::Error::other)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
