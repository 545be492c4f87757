//! From an address to a [`Link`]: two round trips, after which the server is known.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use redis::aio::{AsyncPushSender, MultiplexedConnection};
use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ConnectionInfo, Pipeline, ProtocolVersion,
    RedisResult, Value,
};

use super::address::place;
use super::fault::Fault;
use super::link::Link;
use super::lost::Lost;
use super::node::Common;
use super::pushes::Pushes;
use super::script;
use super::server::{self, Company, Dialect, Server};
use crate::error::ErrorKind;

/// How long an attempt may take, name resolution and TLS included.
const CONNECT: Duration = Duration::from_secs(2);

/// Commands that may queue for the driver before an operation has to wait for room.
const QUEUE: usize = 512;

/// Whom to connect to.
#[derive(Clone)]
pub(super) struct Target {
    client: Client,
    /// The same without the database.
    door: Client,
    database: i64,
    at: Arc<str>,
}

impl Target {
    /// The server of this client, spoken to as this adapter needs it.
    pub(super) fn new(client: &Client) -> Self {
        let info = client.get_connection_info().clone();
        let at = place(info.addr()).into();
        let sockets = info.tcp_settings().clone().set_nodelay(true);
        let info = info.set_tcp_settings(sockets);
        // A server that refuses at the door answers one command and closes: what is sent with
        // that command would hide its reason.
        let settings = info.redis_settings().clone().set_skip_set_lib_name();
        let settings = settings.set_protocol(ProtocolVersion::RESP3);
        let database = settings.db();
        let door = settings.clone().set_db(0);
        Self {
            client: reopened(client, info.clone().set_redis_settings(settings)),
            door: reopened(client, info.set_redis_settings(door)),
            database,
            at,
        }
    }

    /// Another server, spoken to as this one.
    pub(super) fn beside(&self, host: &str, port: u16) -> Self {
        let info = self.client.get_connection_info().clone();
        let address = match info.addr().clone() {
            ConnectionAddr::TcpTls {
                insecure,
                tls_params,
                ..
            } => ConnectionAddr::TcpTls {
                host: host.to_owned(),
                port,
                insecure,
                tls_params,
            },
            _ => ConnectionAddr::Tcp(host.to_owned(), port),
        };
        Self::new(&reopened(&self.client, info.set_addr(address)))
    }

    /// Its host.
    pub(super) fn host(&self) -> &str {
        match self.client.get_connection_info().addr() {
            ConnectionAddr::Tcp(host, _) | ConnectionAddr::TcpTls { host, .. } => host,
            _ => "",
        }
    }

    /// Asks one thing over a connection of its own.
    pub(super) async fn ask_once(&self, questions: &Pipeline) -> Result<Vec<Value>, Fault> {
        let pushes = Pushes::unheard(Arc::default());
        let asking = async {
            let mut connection = dial(&self.door, pushes).await?;
            connection
                .send_packed_commands(questions, 0, questions.len())
                .await
        };
        self.in_time(asking).await
    }

    /// Where the server is, without credentials.
    pub(super) fn at(&self) -> &Arc<str> {
        &self.at
    }

    /// A connection to the server's database, driven by the runtime that polls this.
    pub(super) async fn open(
        &self,
        pushes: impl AsyncPushSender,
    ) -> Result<MultiplexedConnection, Fault> {
        self.in_time(dial(&self.client, pushes)).await
    }

    /// A link, as soon as the server is known; no command of the cache was sent before.
    pub(super) async fn link(&self, company: Company, common: &Common) -> Result<Link, Fault> {
        let lost = Arc::new(Lost::of(&common.watchers));
        let pushes = Pushes {
            waiters: Arc::clone(&common.waiters),
            watchers: Arc::clone(&common.watchers),
            company,
            lost: Arc::clone(&lost),
        };
        let opening = async {
            let connection = dial(&self.door, pushes).await?;
            let greeting = greet(connection.clone(), company, self.database).await?;
            Ok((connection, greeting))
        };
        let (connection, greeting) = self.in_time(opening).await?;
        greeting.into_link(connection, common.forced, &self.at, lost)
    }

    /// What an attempt comes to, within the time that one may take.
    pub(super) async fn in_time<T>(
        &self,
        attempt: impl Future<Output = RedisResult<T>>,
    ) -> Result<T, Fault> {
        match tokio::time::timeout(CONNECT, attempt).await {
            Ok(outcome) => outcome.map_err(|error| Fault::of_connecting(error, &self.at)),
            Err(_) => Err(self.silent()),
        }
    }

    fn silent(&self) -> Fault {
        // A plain server waits for the end of the line that it takes a TLS greeting for.
        let tls = match self.client.get_connection_info().addr() {
            ConnectionAddr::TcpTls { .. } => "if the port does not speak TLS write `redis://`; ",
            _ => "",
        };
        let what = format!(
            "no answer within {} s; {tls}is the server stopped, overloaded or behind a firewall, or \
             elsewhere than the URL says?",
            CONNECT.as_secs()
        );
        Fault::new(ErrorKind::Unavailable, &self.at, what)
    }
}

/// A client like this one for another server or user.
fn reopened(client: &Client, info: ConnectionInfo) -> Client {
    // A client is nothing but what it connects to, so this cannot fail.
    Client::open(info).unwrap_or_else(|_| client.clone())
}

/// Connects and says hello, and nothing else where the database is 0.
async fn dial(client: &Client, pushes: impl AsyncPushSender) -> RedisResult<MultiplexedConnection> {
    #[cfg(feature = "redis-tls")]
    super::tls::ensure_provider();
    // Neither limit is the client's: they would need a timer wherever the futures are polled.
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(None)
        .set_response_timeout(None)
        .set_pipeline_buffer_size(QUEUE)
        .set_push_sender(pushes);
    client
        .get_multiplexed_async_connection_with_config(&config)
        .await
}

/// What the server answered first.
struct Greeting {
    asked: Instant,
    company: Company,
    database: i64,
    select: Value,
    hello: Value,
    info: Value,
    replication: Value,
    tracking: Value,
    caching: Value,
    time: Value,
}

/// Everything that has to be known before the first command of the cache, on both sides, in one
/// round trip. Each part but the database may be refused.
async fn greet(
    mut connection: MultiplexedConnection,
    company: Company,
    database: i64,
) -> RedisResult<Greeting> {
    let asked = Instant::now();
    let mut questions = redis::pipe();
    questions.cmd("SELECT").arg(database);
    // Before Redis 6.2 the version is no option.
    questions.cmd("HELLO").arg(3);
    questions.cmd("INFO").arg("server");
    // Before Redis 7 `INFO` takes one section only.
    questions.cmd("INFO").arg("replication");
    let (client, library) = ("CLIENT", env!("CARGO_PKG_NAME"));
    questions.cmd(client).arg(&["TRACKING", "ON", "OPTIN"]);
    // A right of its own. It holds for the next command that is none of CLIENT, which is TIME.
    questions.cmd(client).arg(&["CACHING", "YES"]);
    questions.cmd("TIME");
    questions.cmd(client).arg(&["SETINFO", "LIB-NAME", library]);
    // So that no fill has to be sent twice.
    script::teach(&mut questions);
    let count = questions.len();
    let answers = connection
        .send_packed_commands(&questions, 0, count)
        .await?;
    let mut answers = answers.into_iter();
    let mut next = || answers.next().unwrap_or_default();
    Ok(Greeting {
        asked,
        company,
        database,
        select: next(),
        hello: next(),
        info: next(),
        replication: next(),
        tracking: next(),
        caching: next(),
        time: next(),
    })
}

impl Greeting {
    /// A link to this server, unless it is one that cannot be used.
    fn into_link(
        self,
        connection: MultiplexedConnection,
        forced: Option<Dialect>,
        at: &Arc<str>,
        lost: Arc<Lost>,
    ) -> Result<Link, Fault> {
        if let Some((kind, what)) = server::unfit(self.company, &self.hello, &self.info) {
            return Err(Fault::new(kind, at, what));
        }
        // SELECT 0 asks for nothing, so a user who may not select is none the worse.
        if let Value::ServerError(refusal) = self.select
            && self.database != 0
        {
            return Err(Fault::of_selecting(refusal.into(), self.database, at));
        }
        let pushes = self.tracking == Value::Okay && self.caching == Value::Okay;
        let (hello, info, replication) = (&self.hello, &self.info, &self.replication);
        let server = Server::of(self.company, hello, info, replication, pushes);
        let dialect = forced.unwrap_or_else(|| server.dialect());
        let link = Link::new(
            connection,
            server,
            self.company,
            dialect,
            Arc::clone(at),
            lost,
        );
        let millis = server::millis_of_time(&self.time);
        if let Some(millis) = millis.or_else(|| server::millis_of_info(&self.info)) {
            link.clock().set(millis, self.asked);
        }
        Ok(link)
    }
}
