//! A throwaway PostgreSQL server from the programs on this machine.
//!
//! It runs as an unprivileged user on a free port of the loopback interface, with its files in a temporary
//! directory. A guard process stops it and removes the directory when the test binary ends, however it ends.

use std::ffi::OsStr;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// What has to be installed before a server can be started.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Missing(String);

impl std::fmt::Display for Missing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self(program) = self;
        write!(
            f,
            "{program} of PostgreSQL 13 or newer is neither on PATH nor in \
             /usr/lib/postgresql/*/bin; install it, on Debian with: apt-get install postgresql"
        )
    }
}

impl std::error::Error for Missing {}

/// A server that is stopped when this is dropped or the program ends.
#[derive(Debug)]
pub struct Cluster {
    programs: Programs,
    user: Option<User>,
    directory: PathBuf,
    port: u16,
    password: String,
    server: Mutex<Child>,
    guard: Child,
}

/// Long enough for a machine that compiles at the same time.
const PATIENCE: Duration = Duration::from_secs(60);

/// Another program may take a port between our looking and the server's.
const PORTS_MAX: u32 = 5;

/// Not for data that anybody needs: nothing waits for the disk.
const FAST: [&str; 6] = [
    "fsync=off",
    "full_page_writes=off",
    "shared_buffers=32MB",
    "max_connections=200",
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
];

// Waits for the end of its input, which comes when whoever holds the other end is gone.
const GUARD: &str = r#"
cat >/dev/null
pid=$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null) && {
    kill -CONT "$pid"
    kill -QUIT "$pid"
    while kill -0 "$pid"; do sleep 0.05; done
} 2>/dev/null
rm -rf "$1"
"#;

impl Cluster {
    /// Makes a server and waits until it takes connections.
    ///
    /// # Errors
    ///
    /// [`Missing`] if PostgreSQL is not installed.
    ///
    /// # Panics
    ///
    /// If it is installed and does not start.
    pub fn start() -> Result<Self, Missing> {
        let programs = Programs::find()?;
        let user = User::unprivileged();
        let directory = directory(user);
        let guard = guard(&directory, user);
        let password = password();
        initialise(&programs, user, &directory, &password);
        let (port, server) = (0..PORTS_MAX)
            .find_map(|_| {
                let port = free_port();
                launch(&programs, user, &directory, port).map(|server| (port, server))
            })
            .unwrap_or_else(|| panic!("the server does not start: {}", log(&directory)));
        let server = Mutex::new(server);
        Ok(Self { programs, user, directory, port, password, server, guard })
    }

    /// The address of a database, with the password of the only user, who may do everything.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        let Self { port, password, .. } = self;
        format!("postgres://postgres:{password}@127.0.0.1:{port}/{database}")
    }

    /// The password that the addresses contain.
    #[must_use]
    pub fn password(&self) -> &str {
        &self.password
    }

    /// The port of the server.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The directory of the server's data, readable by the server's user.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.directory.join("data")
    }

    /// Writes a file into [`Self::data`] that only the server's user may read.
    ///
    /// # Panics
    ///
    /// If it cannot be written.
    pub fn write_file(&self, name: &str, content: &str) {
        write_for(&self.data().join(name), content, self.user);
    }

    /// Makes an empty database.
    ///
    /// # Panics
    ///
    /// If the server refuses.
    pub fn create_database(&self, name: &str) {
        self.create(&["--template=template0", name]);
    }

    /// Makes a copy of a database that nobody uses.
    ///
    /// # Panics
    ///
    /// If the server refuses.
    pub fn copy_database(&self, name: &str, template: &str) {
        self.create(&[&format!("--template={template}"), name]);
    }

    fn create(&self, arguments: &[&str]) {
        let mut create = Command::new(&self.programs.createdb);
        create.args(["--host=127.0.0.1", "--username=postgres", "--no-password"]);
        create.arg(format!("--port={}", self.port)).args(arguments);
        succeed(create.env("PGPASSWORD", &self.password));
    }

    /// Makes the server and all its connections stand still. They stay open, and nothing is answered.
    ///
    /// # Panics
    ///
    /// If the processes cannot be found or signalled.
    pub fn pause(&self) {
        let server = self.server().id();
        signal("STOP", &[server]);
        // Nothing is forked any more.
        signal("STOP", &children(server));
    }

    /// Lets a server go on that was made to stand still.
    ///
    /// # Panics
    ///
    /// If the processes cannot be found or signalled.
    pub fn resume(&self) {
        let server = self.server().id();
        let mut all = children(server);
        all.push(server);
        signal("CONT", &all);
    }

    /// Stops the server in order: connections are told, transactions undone.
    ///
    /// # Panics
    ///
    /// If it does not stop.
    pub fn stop(&self) {
        self.end("INT");
    }

    /// Stops the server at once, as a crash would.
    ///
    /// # Panics
    ///
    /// If it does not stop.
    pub fn kill(&self) {
        self.end("QUIT");
    }

    fn end(&self, name: &str) {
        let mut server = self.server();
        signal(name, &[server.id()]);
        drop(server.wait());
    }

    /// Starts a server that was stopped, on the same port and with the same data.
    ///
    /// # Panics
    ///
    /// If it does not start.
    pub fn restart(&self) {
        let Self { programs, user, directory, port, .. } = self;
        let started = launch(programs, *user, directory, *port);
        *self.server() =
            started.unwrap_or_else(|| panic!("the server does not start: {}", log(directory)));
    }

    fn server(&self) -> MutexGuard<'_, Child> {
        self.server.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // The guard does the rest, and is waited for so that nothing is left behind.
        drop(self.guard.stdin.take());
        drop(self.server().wait());
        drop(self.guard.wait());
    }
}

#[derive(Debug)]
struct Programs {
    initdb: PathBuf,
    postgres: PathBuf,
    createdb: PathBuf,
}

impl Programs {
    fn find() -> Result<Self, Missing> {
        let places = places();
        let missing = |name: &str| Missing(name.to_owned());
        let find = |name: &str| places.iter().map(|place| place.join(name)).find(|it| it.is_file());
        let initdb = find("initdb").ok_or_else(|| missing("initdb"))?;
        // Of the same version.
        let postgres = initdb.with_file_name("postgres");
        if !postgres.is_file() {
            return Err(missing("postgres"));
        }
        let createdb = Some(initdb.with_file_name("createdb")).filter(|beside| beside.is_file());
        let createdb = createdb.or_else(|| find("createdb")).ok_or_else(|| missing("createdb"))?;
        Ok(Self { initdb, postgres, createdb })
    }
}

/// The directories of PATH, then Debian's for each version, newest first.
fn places() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut places: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let number = |path: &Path| path.file_name()?.to_str()?.parse::<u32>().ok();
    let mut versions: Vec<(Option<u32>, PathBuf)> =
        versions.map(|entry| (number(&entry.path()), entry.path().join("bin"))).collect();
    versions.sort();
    places.extend(versions.into_iter().rev().map(|(_, path)| path));
    places
}

/// Whom the server runs as: it refuses to be root's.
#[derive(Clone, Copy, Debug)]
struct User {
    uid: u32,
    gid: u32,
}

impl User {
    /// `None` if this program is not root's and the server runs as whoever runs this.
    fn unprivileged() -> Option<Self> {
        if succeed(Command::new("id").arg("-u")).trim() != "0" {
            return None;
        }
        let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
        let find = |name: &str| {
            let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
            let mut fields = line.split(':').skip(2).map(str::parse);
            Some(Self { uid: fields.next()?.ok()?, gid: fields.next()?.ok()? })
        };
        let user = find("postgres").or_else(|| find("nobody"));
        Some(user.unwrap_or_else(|| panic!("there is neither a user postgres nor nobody")))
    }
}

fn run_as(program: impl AsRef<OsStr>, user: Option<User>) -> Command {
    let mut command = Command::new(program);
    if let Some(User { uid, gid }) = user {
        command.uid(uid).gid(gid);
    }
    // Not the directory of the tests, which that user may not enter.
    command.current_dir("/").env("LC_ALL", "C").process_group(0);
    command
}

fn directory(user: Option<User>) -> PathBuf {
    let made = tempfile::Builder::new().prefix("statusgate-postgres-").tempdir();
    let directory = made.unwrap_or_else(|error| panic!("no temporary directory: {error}")).keep();
    give(&directory, user);
    directory
}

fn give(path: &Path, user: Option<User>) {
    if let Some(User { uid, gid }) = user {
        chown(path, Some(uid), Some(gid))
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
}

fn write_for(path: &Path, content: &str, user: Option<User>) {
    let written = fs::write(path, content)
        .and_then(|()| fs::set_permissions(path, fs::Permissions::from_mode(0o600)));
    written.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    give(path, user);
}

fn guard(directory: &Path, user: Option<User>) -> Child {
    let mut guard = run_as("sh", user);
    guard.args(["-c", GUARD, "sh"]).arg(directory);
    guard.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    guard.spawn().unwrap_or_else(|error| panic!("sh: {error}"))
}

fn password() -> String {
    // Nobody else needs to guess it for long: the port is open while the tests run.
    let random = fs::read_to_string("/proc/sys/kernel/random/uuid").unwrap_or_default();
    let now = format!("{:?}{}", Instant::now(), std::process::id());
    format!("secret-{}{now}", random.trim()).chars().filter(|c| c.is_ascii_alphanumeric()).collect()
}

fn initialise(programs: &Programs, user: Option<User>, directory: &Path, password: &str) {
    let file = directory.join("password");
    write_for(&file, password, user);
    let mut initdb = run_as(&programs.initdb, user);
    initdb.args(["--username=postgres", "--auth=scram-sha-256", "--encoding=UTF8"]);
    initdb.args(["--locale=C", "--no-sync"]);
    initdb.arg(format!("--pwfile={}", file.display()));
    initdb.arg(format!("--pgdata={}", directory.join("data").display()));
    succeed(&mut initdb);
}

fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0));
    let address = listener.and_then(|listener| listener.local_addr());
    address.unwrap_or_else(|error| panic!("no free port: {error}")).port()
}

/// Starts the server and waits until it is ready; `None` if it ends before that.
fn launch(programs: &Programs, user: Option<User>, directory: &Path, port: u16) -> Option<Child> {
    let log = fs::File::options().create(true).append(true).open(directory.join("log"));
    let log = log.unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    let mut server = run_as(&programs.postgres, user);
    server.arg("-D").arg(directory.join("data")).args(["-p", &port.to_string()]);
    for setting in FAST {
        server.args(["-c", setting]);
    }
    server.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
    let mut server = server.spawn().unwrap_or_else(|error| panic!("postgres: {error}"));
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        if server.try_wait().ok().flatten().is_some() {
            return None;
        }
        // The server says so in the last line of its lock file.
        let lock = fs::read_to_string(directory.join("data/postmaster.pid")).unwrap_or_default();
        let own = lock.lines().next() == Some(&server.id().to_string());
        if own && lock.lines().nth(7).is_some_and(|state| state.trim() == "ready") {
            return Some(server);
        }
        thread::sleep(Duration::from_millis(10));
    }
    drop(server.kill());
    drop(server.wait());
    None
}

fn log(directory: &Path) -> String {
    fs::read_to_string(directory.join("log")).unwrap_or_default()
}

fn children(parent: u32) -> Vec<u32> {
    let processes = succeed(Command::new("ps").args(["-A", "-o", "pid=,ppid="]));
    let child = |line: &str| {
        let mut numbers = line.split_whitespace().map(str::parse::<u32>);
        let (pid, of) = (numbers.next()?.ok()?, numbers.next()?.ok()?);
        (of == parent).then_some(pid)
    };
    processes.lines().filter_map(child).collect()
}

fn signal(name: &str, processes: &[u32]) {
    // The shell's own, which is everywhere. A process that has ended meanwhile needs no signal.
    let mut kill = Command::new("sh");
    kill.args(["-c", r#"for pid; do kill -"$0" "$pid"; done; true"#, name]);
    succeed(kill.args(processes.iter().map(u32::to_string)).stderr(Stdio::null()));
}

/// What the program says, after making sure that it ended well.
fn succeed(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(
        output.status.success(),
        "{} failed: {}",
        command.get_program().to_string_lossy(),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}
