//! `micro blob`: large values under names.

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use futures_util::stream;
use micro::Streaming;
use micro::blob::{Blobs, Options, PIECE, Remote};
use micro::bytes::Bytes;
use micro_rpc::Error;
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::errors::{Failure, Result};
use crate::output::{self, Output, print_json};
use crate::session::{Globals, Session};

/// Keep and fetch files.
#[derive(Args, Debug)]
#[command(
    after_help = "EXAMPLE:\n   micro blob write --public logo.png ./logo.png\n   micro blob read logo.png > logo.png"
)]
pub struct BlobArgs {
    #[command(subcommand)]
    command: BlobCommand,
}

#[derive(Subcommand, Debug)]
enum BlobCommand {
    /// Keep a file, or the standard input, under a name
    #[command(
        after_help = "EXAMPLE:\n   micro blob write --public --content_type=image/png logo.png ./logo.png"
    )]
    Write {
        /// The name
        key: String,
        /// The file; the standard input when it is not given
        file: Option<PathBuf>,
        /// What it is, as in HTTP
        #[arg(long = "content_type", default_value = "")]
        content_type: String,
        /// Let anybody read it over HTTP, at /blob/NAMESPACE/NAME of the gateway
        #[arg(long)]
        public: bool,
    },
    /// Print a blob, or write it into a file
    #[command(after_help = "EXAMPLE:\n   micro blob read logo.png ./logo.png")]
    Read {
        /// The name
        key: String,
        /// The file; the standard output when it is not given
        file: Option<PathBuf>,
    },
    /// List blobs
    #[command(after_help = "EXAMPLE:\n   micro blob list images/")]
    List {
        /// How names begin
        prefix: Option<String>,
    },
    /// Remove a blob
    #[command(after_help = "EXAMPLE:\n   micro blob delete logo.png")]
    Delete {
        /// The name
        key: String,
    },
}

/// Runs `micro blob`.
pub async fn run(globals: &Globals, args: BlobArgs) -> Result<()> {
    let session = Session::open(globals).await?;
    let blobs = Remote::new(&session.client);
    let namespace = session.namespace.as_str();
    let explain = |error: Error| session.explain(error);
    match args.command {
        BlobCommand::Write {
            key,
            file,
            content_type,
            public,
        } => {
            let data = match &file {
                Some(file) => pieces(
                    tokio::fs::File::open(file)
                        .await
                        .map_err(|error| cannot("read", file, &error))?,
                ),
                None => pieces(tokio::io::stdin()),
            };
            let options = Options { content_type, public };
            let info = blobs
                .write(namespace, &key, options, data)
                .await
                .map_err(explain)?;
            output::line(&format!("{} bytes kept as {}", info.size, info.key))
        }
        BlobCommand::Read { key, file } => {
            let (_, mut data) = blobs
                .read(namespace, &key)
                .await
                .map_err(|error| match error.code {
                    404 => Failure::new(1, "Blob not found"),
                    _ => explain(error),
                })?;
            let mut out: Box<dyn Write> = match &file {
                Some(file) => {
                    Box::new(std::fs::File::create(file).map_err(|error| cannot("write", file, &error))?)
                }
                None => Box::new(std::io::stdout()),
            };
            while let Some(piece) = data.next().await {
                out.write_all(&piece.map_err(explain)?)?;
            }
            Ok(out.flush()?)
        }
        BlobCommand::List { prefix } => {
            let infos = blobs
                .list(namespace, &prefix.unwrap_or_default())
                .await
                .map_err(explain)?;
            if matches!(globals.output, Output::Json) {
                return print_json(&infos);
            }
            infos.iter().try_for_each(|info| output::line(&info.key))
        }
        BlobCommand::Delete { key } => blobs.delete(namespace, &key).await.map_err(explain),
    }
}

fn pieces(input: impl AsyncRead + Send + Unpin + 'static) -> Streaming<Bytes> {
    Streaming::new(stream::unfold(Some(input), |input| async move {
        let mut input = input?;
        let mut piece = vec![0; PIECE];
        match input.read(&mut piece).await {
            Ok(0) => None,
            Ok(length) => {
                piece.truncate(length);
                Some((Ok(piece.into()), Some(input)))
            }
            Err(error) => Some((
                Err(Error::bad_request(
                    "micro",
                    format!("the input cannot be read: {error}"),
                )),
                None,
            )),
        }
    }))
}

fn cannot(what: &str, file: &std::path::Path, error: &std::io::Error) -> Failure {
    Failure::new(1, format!("cannot {what} {}: {error}", file.display()))
}
