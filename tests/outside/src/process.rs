//! A server as a child process, which can be frozen, killed and started again with its files.

use std::fs::File;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// How long a server may take until it answers.
const PATIENCE: Duration = Duration::from_secs(60);

/// A port of the loopback interface that nobody listens on now.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

/// A child process with the means to start it again. It is killed when it is dropped.
pub struct Process {
    command: Box<dyn Fn() -> Command + Send + Sync>,
    log: PathBuf,
    port: u16,
    child: Option<Child>,
}

impl Process {
    /// Starts what `command` makes, with its output in `folder/log`, and waits until it listens on the port.
    ///
    /// # Panics
    /// When it ends or does not listen in time: with what it printed.
    pub fn start(folder: &Path, port: u16, command: impl Fn() -> Command + Send + Sync + 'static) -> Self {
        let mut process = Self {
            command: Box::new(command),
            log: folder.join("log"),
            port,
            child: None,
        };
        process.resume();
        process
    }

    /// Starts it once more where it is not running, with the same files on the same port.
    pub fn resume(&mut self) {
        if self.child.is_some() {
            return;
        }
        let log = File::options().create(true).append(true).open(&self.log).unwrap();
        let mut command = (self.command)();
        command
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            // An interrupt at the terminal is for the test, which ends its servers itself.
            .process_group(0);
        let program = command.get_program().to_owned();
        let child = command.spawn().unwrap_or_else(|error| {
            panic!(
                "cannot start {}: {error}; `cargo xtask test` installs it",
                program.display()
            )
        });
        self.child = Some(child);
        self.wait_until_it_listens();
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "who starts a server has nothing else to do"
    )]
    fn wait_until_it_listens(&mut self) {
        let start = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_err() {
            let ended = self.child.as_mut().and_then(|child| child.try_wait().unwrap());
            assert!(
                ended.is_none() && start.elapsed() < PATIENCE,
                "the server does not listen on {}: {ended:?}\n{}",
                self.port,
                std::fs::read_to_string(&self.log).unwrap_or_default()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Its process id.
    pub fn id(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// What it printed.
    pub fn output(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Ends it at once, as a crash does. Its files stay.
    pub fn kill(&mut self) {
        self.end(Signal::KILL);
    }

    /// Asks it to end, and waits until it has.
    pub fn stop(&mut self, signal: Signal) {
        self.end(signal);
    }

    /// Holds it where it is, as a machine that hangs: its connections stay open and say nothing.
    pub fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets it go on.
    pub fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    fn end(&mut self, signal: Signal) {
        self.signal(signal);
        if let Some(mut child) = self.child.take() {
            child.wait().unwrap();
        }
    }

    fn signal(&self, signal: Signal) {
        if let Some(pid) = self.id().and_then(|id| Pid::from_raw(i32::try_from(id).unwrap())) {
            let _ = kill_process(pid, signal);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}
