//! A database of a test's own.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use micro_cockroach::{Config, Store};
use micro_outside::{Postgres, Relay, wait};

/// More than anything takes on a machine that is busy with other tests.
pub const SOON: Duration = Duration::from_secs(30);

/// On the server that the tests share.
pub struct Database {
    server: Arc<Postgres>,
    name: String,
    pub url: String,
}

impl Database {
    /// At an isolation that is the default of all transactions in it.
    pub fn new(test: &str, isolation: &str) -> Self {
        let server = Postgres::shared();
        let name = format!("{test}_{}", isolation.replace(' ', "_"));
        // The server takes no longer names.
        let name = name[name.len().saturating_sub(60)..].to_owned();
        let url = server.database(&name);
        server.sql(
            "postgres",
            &format!("ALTER DATABASE \"{name}\" SET default_transaction_isolation = '{isolation}'"),
        );
        Self { server, name, url }
    }

    pub fn open(&self) -> Arc<Store> {
        open(&self.url)
    }

    /// Rows as text, fields with `|` between.
    pub fn sql(&self, statements: &str) -> String {
        self.server.sql(&self.name, statements)
    }

    /// The address by way of a relay.
    pub fn through(&self, relay: &Relay) -> String {
        self.url
            .replace(&self.port().to_string(), &relay.port().to_string())
    }

    /// Makes a gate, closed, before which a transaction can be held: `PERFORM pass()` waits at it. Of what a transaction did before
    /// it ends others see nothing but sequences.
    pub fn close_gate(&self) {
        self.sql(
            "CREATE SEQUENCE came; CREATE SEQUENCE opened; CREATE FUNCTION pass() RETURNS void LANGUAGE plpgsql AS $$ BEGIN \
                 PERFORM nextval('came'); \
                 WHILE NOT (SELECT is_called FROM opened) LOOP PERFORM pg_sleep(0.01); END LOOP; END $$",
        );
    }

    /// Waits until somebody has come to the gate.
    pub async fn somebody_waits(&self) {
        wait::until_true("somebody to come to the gate", SOON, || {
            self.sql("SELECT is_called FROM came") == "t"
        })
        .await;
    }

    pub fn open_gate(&self) {
        self.sql("SELECT nextval('opened')");
    }

    /// How many transactions the server asked to be tried again.
    pub fn conflicts(&self) -> usize {
        let refusal = format!("{} ERROR:  could not serialize access", self.name);
        self.server.output().matches(&refusal).count()
    }
}

impl Deref for Database {
    type Target = Postgres;

    fn deref(&self) -> &Postgres {
        &self.server
    }
}

pub fn open(url: &str) -> Arc<Store> {
    Arc::new(Store::open(&Config::new(url)).unwrap())
}

/// Makes each function two tests: at PostgreSQL's isolation, and at CockroachDB's.
macro_rules! at_each_isolation {
    ($($test:ident),* $(,)?) => {
        mod read_committed {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                super::$test($crate::database::Database::new(stringify!($test), "read committed")).await;
            })*
        }
        mod serializable {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                super::$test($crate::database::Database::new(stringify!($test), "serializable")).await;
            })*
        }
    };
}
pub(crate) use at_each_isolation;
