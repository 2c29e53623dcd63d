//! Records from one place to another: of one server, or of two.

use clap::Args;
use micro::store::{Change, Remote, Scan, Scope, Store};

use super::explain;
use crate::errors::{Failure, Result};
use crate::output;
use crate::session::{Globals, Session};

/// Records that are read at once, and written in one commit.
const PAGE: usize = 500;

/// Which records, and where they are to be.
#[derive(Args, Debug)]
pub(super) struct SyncArgs {
    /// The server to read from, as the address of its proxy; the environment's unless set
    #[arg(long = "from-nodes", alias = "from_nodes", value_name = "HOST:PORT")]
    from_nodes: Option<String>,
    /// The database to read; the namespace unless set
    #[arg(long = "from-database", alias = "from_database", value_name = "NAME")]
    from_database: Option<String>,
    /// The table to read; all of them unless set
    #[arg(long = "from-table", alias = "from_table", value_name = "NAME")]
    from_table: Option<String>,
    /// The server to write to; the one that is read unless set
    #[arg(long = "to-nodes", alias = "to_nodes", value_name = "HOST:PORT")]
    to_nodes: Option<String>,
    /// The database to write; of the same name unless set
    #[arg(long = "to-database", alias = "to_database", value_name = "NAME")]
    to_database: Option<String>,
    /// The table to write; of the same name unless set
    #[arg(long = "to-table", alias = "to_table", value_name = "NAME")]
    to_table: Option<String>,
    /// Accepted for scripts: a server knows its own backend
    #[arg(long = "from-backend", alias = "from_backend", hide = true)]
    _from_backend: Option<String>,
    /// Accepted for scripts
    #[arg(long = "to-backend", alias = "to_backend", hide = true)]
    _to_backend: Option<String>,
}

/// Copies them. What is in the target and not in the source stays.
pub(super) async fn run(globals: &Globals, args: SyncArgs) -> Result<()> {
    let from = at(globals, args.from_nodes.as_ref()).await?;
    let to = at(globals, args.to_nodes.as_ref().or(args.from_nodes.as_ref())).await?;
    let database = args.from_database.unwrap_or_else(|| from.namespace.clone());
    let target = args.to_database.unwrap_or_else(|| database.clone());
    if args.to_table.is_some() && args.from_table.is_none() {
        return Err(Failure::new(
            1,
            "--to-table needs --from-table: several tables would fall into one",
        ));
    }
    let same_table = args.to_table.is_none() || args.to_table == args.from_table;
    if from.address == to.address && database == target && same_table {
        return Err(Failure::new(1, "the source and the target are one").with_hint(
            "name another server with --to-nodes, or another place with --to-database or --to-table",
        ));
    }
    let (reader, writer) = (Remote::new(&from.client), Remote::new(&to.client));
    let tables = match args.from_table {
        Some(table) => vec![table],
        None => reader.tables(&database).await.map_err(explain)?,
    };
    let mut copied = 0;
    for table in tables {
        let into = Scope::new(&target, args.to_table.as_ref().unwrap_or(&table));
        copied += copy(&reader, &Scope::new(&database, &table), &writer, &into).await?;
    }
    output::line(&format!("{copied} records copied from {database} to {target}"))
}

async fn at(globals: &Globals, address: Option<&String>) -> Result<Session> {
    let proxy_address = address.cloned().or_else(|| globals.proxy_address.clone());
    Session::open(&Globals {
        proxy_address,
        ..globals.clone()
    })
    .await
}

async fn copy(reader: &Remote, from: &Scope, writer: &Remote, to: &Scope) -> Result<usize> {
    let mut page = Scan {
        limit: Some(PAGE),
        ..Scan::default()
    };
    let mut copied = 0;
    loop {
        let records = reader.scan(from, &page).await.map_err(explain)?;
        let Some(last) = records.last() else {
            return Ok(copied);
        };
        page.after.clone_from(&last.key);
        copied += records.len();
        let changes = records.into_iter().map(Change::Put).collect();
        writer.commit(to, changes).await.map_err(explain)?;
    }
}
