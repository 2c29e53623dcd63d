//! `micro store`: the records of the namespace.

mod snapshot;
mod sync;

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::{Args, Subcommand};
use micro::store::{ErrorKind, Record, Remote, Scan, Scope, Store};
use micro_proto::snapshot::SaveRequest;
use serde_json::json;

use crate::call::duration;
use crate::errors::{Failure, Result};
use crate::output::{self, Output, print_json};
use crate::session::{Globals, Session};

/// Read and write records.
#[derive(Args, Debug)]
#[command(after_help = "EXAMPLE:\n   micro store write user/1 Alice\n   micro store read --prefix user/")]
pub struct StoreArgs {
    #[command(subcommand)]
    command: StoreCommand,
}

#[derive(Subcommand, Debug)]
enum StoreCommand {
    /// Print the value of a key, or of all keys that begin or end so
    #[command(
        after_help = "EXAMPLE:\n   micro store read user/1\n   micro store read --prefix --limit=10 --verbose user/"
    )]
    Read {
        /// The key, or its beginning or end
        key: String,
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        selection: Selection,
        /// Take the key as the beginning of keys
        #[arg(long, short = 'p')]
        prefix: bool,
        /// Take the key as the end of keys
        #[arg(long, short = 's')]
        suffix: bool,
        /// Print keys and expiry as well
        #[arg(long, short = 'v')]
        verbose: bool,
    },
    /// Print keys
    #[command(
        after_help = "EXAMPLE:\n   micro store list\n   micro store list --table=user --order=desc user/"
    )]
    List {
        /// How keys begin
        prefix: Option<String>,
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        selection: Selection,
        /// How keys end
        #[arg(long, short = 's', value_name = "TEXT")]
        suffix: Option<String>,
    },
    /// Write a record
    #[command(
        after_help = "EXAMPLE:\n   micro store write user/1 Alice\n   micro store write --expiry=1h session/7 open"
    )]
    Write {
        /// The key
        key: String,
        /// The value; several words are joined by spaces
        #[arg(required = true)]
        value: Vec<String>,
        #[command(flatten)]
        place: Place,
        /// How long it is kept: 30s, 1h, 24h
        #[arg(long, value_name = "DURATION")]
        expiry: Option<String>,
    },
    /// Remove a record
    #[command(after_help = "EXAMPLE:\n   micro store delete user/1")]
    Delete {
        /// The key
        key: String,
        #[command(flatten)]
        place: Place,
    },
    /// List the databases
    #[command(after_help = "EXAMPLE:\n   micro store databases")]
    Databases {
        #[command(flatten)]
        store: Ignored,
    },
    /// List the tables of the namespace
    #[command(after_help = "EXAMPLE:\n   micro store tables")]
    Tables {
        /// Of another namespace
        #[arg(long, short = 'd')]
        database: Option<String>,
        #[command(flatten)]
        store: Ignored,
    },
    /// Write all that the platform keeps into a file
    ///
    /// Records, blobs, and events with their groups and dead letters, of all namespaces; accounts, rules, settings, and what is to run. Not in
    /// it are the keys that tokens are signed with and the key that secret settings are sealed with: keep that one elsewhere. The file says
    /// nothing of the systems that keep it all, so it can be restored on others. What services write meanwhile may be in it or not: stop them
    /// to move a platform.
    #[command(
        after_help = "EXAMPLE:\n   micro store snapshot --destination=file:///tmp/store-snapshot\n   micro store snapshot --database=acme --destination=acme.snapshot"
    )]
    Snapshot {
        /// The file
        #[arg(
            long,
            env = "MICRO_SNAPSHOT_DESTINATION",
            default_value = "file:///tmp/store-snapshot"
        )]
        destination: String,
        /// Only what is of this namespace
        #[arg(long, short = 'd', default_value = "", hide_default_value = true)]
        database: String,
        /// Only the records of this table
        #[arg(long, short = 't', default_value = "", hide_default_value = true)]
        table: String,
        #[command(flatten)]
        nodes: Nodes,
    },
    /// Write a snapshot back, and check that all of it is there
    ///
    /// Records and blobs are written in place of those of the same name, events unless they are there; what else is there stays. A file that is
    /// damaged is refused before anything is written. Everything is read back then, and has to have the checksum that it has in the file.
    /// A server of the profile local starts the services that it holds when it is started again.
    #[command(after_help = "EXAMPLE:\n   micro store restore --source=file:///tmp/store-snapshot")]
    Restore {
        /// The file
        #[arg(long, default_value = "file:///tmp/store-snapshot")]
        source: String,
        #[command(flatten)]
        nodes: Nodes,
    },
    /// Copy records to another place, or to another server
    #[command(
        after_help = "EXAMPLE:\n   micro store sync --from-table=user --to-table=user-copy\n   micro store sync --to-nodes=10.0.0.1:8081"
    )]
    Sync(sync::SyncArgs),
}

/// Another server.
#[derive(Args, Debug)]
struct Nodes {
    /// The server, as the address of its proxy; the environment's unless set
    #[arg(long, value_name = "HOST:PORT", env = "MICRO_STORE_NODES")]
    nodes: Option<String>,
}

/// Where records are.
#[derive(Args, Debug)]
struct Place {
    /// The table
    #[arg(long, short = 't', env = "MICRO_STORE_TABLE", default_value = "micro")]
    table: String,
    /// The database; the namespace unless set
    #[arg(long, short = 'd', env = "MICRO_STORE_DATABASE")]
    database: Option<String>,
}

/// Which of the records that match.
#[derive(Args, Debug)]
struct Selection {
    /// How many at most; 0 is all
    #[arg(long, short = 'l', default_value_t = 0)]
    limit: usize,
    /// How many are skipped first
    #[arg(long, default_value_t = 0)]
    offset: usize,
    /// asc or desc
    #[arg(long, default_value = "asc", value_parser = ["asc", "desc"])]
    order: String,
}

/// Accepted for programs that set it.
#[derive(Args, Debug)]
struct Ignored {
    #[arg(long, hide = true)]
    store: Option<String>,
}

impl StoreCommand {
    /// The server that is meant, when it is not the environment's.
    fn nodes(&self) -> Option<&str> {
        match self {
            Self::Snapshot { nodes, .. } | Self::Restore { nodes, .. } => nodes.nodes.as_deref(),
            _ => None,
        }
    }
}

impl Place {
    fn scope(&self, session: &Session) -> Scope {
        let database = self.database.as_deref().filter(|name| !name.is_empty());
        Scope::new(database.unwrap_or(&session.namespace), &self.table)
    }
}

impl Selection {
    fn scan(&self, prefix: &str, suffix: &str) -> Scan {
        Scan {
            prefix: prefix.to_owned(),
            suffix: suffix.to_owned(),
            offset: self.offset,
            limit: (self.limit > 0).then_some(self.limit),
            descending: self.order == "desc",
            ..Scan::default()
        }
    }
}

/// Runs `micro store`.
pub async fn run(globals: &Globals, args: StoreArgs) -> Result<()> {
    let command = match args.command {
        StoreCommand::Sync(args) => return sync::run(globals, args).await,
        command => command,
    };
    let session = match command.nodes() {
        Some(address) => {
            let proxy_address = Some(address.to_owned());
            Session::open(&Globals {
                proxy_address,
                ..globals.clone()
            })
            .await?
        }
        None => Session::open(globals).await?,
    };
    let store = Remote::new(&session.client);
    let done = match command {
        StoreCommand::Read {
            key,
            place,
            selection,
            prefix,
            suffix,
            verbose,
        } => {
            let scope = place.scope(&session);
            let records = if prefix || suffix {
                let at = |is_asked: bool| if is_asked { key.as_str() } else { "" };
                store.scan(&scope, &selection.scan(at(prefix), at(suffix))).await
            } else {
                store.read(&scope, &key).await.map(|record| vec![record])
            };
            records.map(|records| print_records(&records, verbose, globals.output))
        }
        StoreCommand::List {
            prefix,
            place,
            selection,
            suffix,
        } => {
            let scan = Scan {
                keys_only: true,
                ..selection.scan(&prefix.unwrap_or_default(), &suffix.unwrap_or_default())
            };
            let records = store.scan(&place.scope(&session), &scan).await;
            records.map(|records| {
                let keys: Vec<&str> = records.iter().map(|record| record.key.as_str()).collect();
                print_names(&keys, globals.output)
            })
        }
        StoreCommand::Write {
            key,
            value,
            place,
            expiry,
        } => {
            let record = Record {
                expires_at: expiry.as_deref().map(expires_at).transpose()?,
                ..Record::new(key, value.join(" "))
            };
            store.write(&place.scope(&session), record).await.map(Ok)
        }
        StoreCommand::Delete { key, place } => store.delete(&place.scope(&session), &key).await.map(Ok),
        StoreCommand::Databases { store: _ } => {
            let databases = store.databases().await;
            databases.map(|names| print_names(&names, globals.output))
        }
        StoreCommand::Tables { database, store: _ } => {
            let tables = store
                .tables(database.as_deref().unwrap_or(&session.namespace))
                .await;
            tables.map(|names| print_names(&names, globals.output))
        }
        StoreCommand::Snapshot {
            destination,
            database,
            table,
            nodes: _,
        } => {
            let wanted = SaveRequest {
                namespace: database,
                table,
            };
            return snapshot::save(&session, &file(&destination)?, wanted, globals.output).await;
        }
        StoreCommand::Sync(_) => return Ok(()),
        StoreCommand::Restore { source, nodes: _ } => {
            return snapshot::restore(&session, &file(&source)?, globals.output).await;
        }
    };
    done.map_err(explain)?
}

/// A failure in the words that scripts know.
pub(crate) fn explain(error: micro::store::Error) -> Failure {
    if error.kind == ErrorKind::NotFound {
        return Failure::new(1, "Not found");
    }
    // What the server said tells more than the kind that it is of.
    let said = error.source.as_deref().and_then(|source| source.downcast_ref());
    let said = said.cloned();
    Failure::from(said.unwrap_or_else(|| micro::Error::from(error)))
}

fn expires_at(text: &str) -> Result<SystemTime> {
    let wrong = || Failure::new(1, format!("no duration: {text:?}; write 30s, 5m or 1h"));
    let after = duration(text)
        .filter(|after| *after > Duration::ZERO)
        .ok_or_else(wrong)?;
    SystemTime::now().checked_add(after).ok_or_else(wrong)
}

/// A path, or a `file://` address.
fn file(address: &str) -> Result<PathBuf> {
    match address.split_once("://") {
        None | Some(("file", "")) if address.trim().is_empty() => Err(Failure::new(1, "name a file")),
        None => Ok(address.into()),
        Some(("file", path)) => Ok(path.into()),
        Some((scheme, _)) => {
            let text =
                format!("snapshots are kept in files, not at {scheme}://: use file:///path/of/the/file");
            Err(Failure::new(1, text))
        }
    }
}

fn print_names(names: &[impl AsRef<str>], output: Output) -> Result<()> {
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    if matches!(output, Output::Json) {
        return print_json(&names);
    }
    names.iter().try_for_each(|name| output::line(name))
}

fn print_records(records: &[Record], verbose: bool, output: Output) -> Result<()> {
    let text = |record: &Record| String::from_utf8_lossy(&record.value).into_owned();
    if matches!(output, Output::Json) {
        return print_json(&records.iter().map(as_json).collect::<Vec<_>>());
    }
    if !verbose {
        return records.iter().try_for_each(|record| output::line(&text(record)));
    }
    let expiry = |record: &Record| left(record).map_or("None".to_owned(), humanised);
    let row = |record: &Record| vec![record.key.clone(), text(record), expiry(record)];
    output::line(&output::table(
        &["KEY", "VALUE", "EXPIRY"],
        records.iter().map(row).collect(),
    ))
}

fn left(record: &Record) -> Option<Duration> {
    let at = record.expires_at?;
    Some(at.duration_since(SystemTime::now()).unwrap_or_default())
}

/// Whole units, the largest first: `1h2m3s`.
fn humanised(left: Duration) -> String {
    let seconds = left.as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds}s"),
        (0, minutes, seconds) => format!("{minutes}m{seconds}s"),
        (hours, minutes, seconds) => format!("{hours}h{minutes}m{seconds}s"),
    }
}

fn as_json(record: &Record) -> serde_json::Value {
    json!({
        "key": record.key,
        "value": STANDARD.encode(&record.value),
        "metadata": record.metadata,
        "expiry": left(record).map_or(0, |left| u64::try_from(left.as_nanos()).unwrap_or(u64::MAX)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_for_people() {
        for (seconds, expected) in [
            (0, "0s"),
            (59, "59s"),
            (61, "1m1s"),
            (3600, "1h0m0s"),
            (90_061, "25h1m1s"),
        ] {
            assert_eq!(humanised(Duration::from_secs(seconds)), expected);
        }
    }

    #[test]
    fn files_are_named_both_ways() {
        assert_eq!(file("file:///tmp/x").unwrap(), PathBuf::from("/tmp/x"));
        assert_eq!(file("x").unwrap(), PathBuf::from("x"));
        assert!(file("s3://bucket/x").unwrap_err().text.contains("file:///"));
    }
}
