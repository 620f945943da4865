//! Finding the stream of a room, or making it.

use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow, bail};
use async_nats::jetstream::context::CreateStreamErrorKind;
use async_nats::jetstream::object_store::{self, ObjectStore};
use async_nats::jetstream::stream::{Config, DiscardPolicy, Info, Republish, Stream};
use async_nats::jetstream::{self, ErrorCode, message::PublishMessage};
use async_nats::{Client, ConnectErrorKind, ConnectOptions, Event, ServerAddr};
use chat_proto::event::Timestamp;
use tokio::sync::mpsc;

use super::{Beginning, ToRoom, snapshots};
use crate::clock::Now;
use crate::cluster::credentials::Credentials;
use crate::cluster::{ClusterOptions, genesis};
use crate::room::identity::Identity;
use crate::sequencer::stream::record;

/// What the thread needs to follow a stream.
pub(super) struct Way {
    pub(super) client: Client,
    /// What happens to the connection.
    pub(super) events: mpsc::UnboundedReceiver<Event>,
    pub(super) store: ObjectStore,
    pub(super) stream: String,
    pub(super) records: String,
    pub(super) entries: String,
}

pub(super) async fn open(
    options: &ClusterOptions,
    own: u64,
    now: Now,
    to_room: &ToRoom,
) -> anyhow::Result<(Way, Beginning)> {
    let (tell, events) = mpsc::unbounded_channel();
    let client = connect(options, &tell).await?;
    let most = client.server_info().max_payload;
    if most < record::MAX_BYTES {
        bail!(
            "NATS takes {most} bytes at a time, and records have up to {}: set max_payload there",
            record::MAX_BYTES
        );
    }
    let mut context = jetstream::new(client.clone());
    context.set_timeout(ANSWER_WITHIN);
    let stream = find_or_make(&context, options, to_room).await?;
    let store = bucket(&context, options).await?;
    let oldest = stream.cached_info().state.first_sequence;
    let beginning = match snapshots::newest_for(&store, own, oldest, now, to_room).await? {
        Some((name, state)) => Beginning::Snapshot(name, state),
        None => Beginning::Genesis(begin(&context, &stream, options, now.time).await?),
    };
    let room = &options.address.room;
    let way = Way {
        client,
        events,
        store,
        stream: room.stream(),
        records: room.records(),
        entries: room.entries(),
    };
    Ok((way, beginning))
}

/// Connects to the first server of NATS that answers.
async fn connect(
    options: &ClusterOptions,
    tell: &mpsc::UnboundedSender<Event>,
) -> anyhow::Result<Client> {
    let urls = options.address.urls().map(|url| url.parse());
    let urls: Vec<ServerAddr> = urls.collect::<Result<_, _>>()?;
    let until = Instant::now() + REACH_WITHIN;
    loop {
        let error = match with(options, tell)?.connect(&urls).await {
            Ok(client) => return Ok(client),
            Err(error) => error,
        };
        let address = &options.address;
        match error.kind() {
            ConnectErrorKind::Authentication | ConnectErrorKind::AuthorizationViolation => bail!(
                "NATS at {address} does not let this server in: look at --cluster-credentials"
            ),
            ConnectErrorKind::Tls => {
                return Err(error).with_context(|| format!("cannot speak TLS with {address}"));
            }
            _ if Instant::now() >= until => {
                return Err(error).with_context(|| format!("cannot reach NATS at {address}"));
            }
            _ => tokio::time::sleep(RETRY_AFTER).await,
        }
    }
}

fn with(
    options: &ClusterOptions,
    tell: &mpsc::UnboundedSender<Event>,
) -> anyhow::Result<ConnectOptions> {
    let tell = tell.clone();
    let connect = ConnectOptions::new()
        .name("chat-server")
        .connection_timeout(ANSWER_WITHIN)
        .request_timeout(Some(ANSWER_WITHIN))
        // Twice without an answer, and another server of NATS is looked for.
        .ping_interval(PING_EACH)
        .reconnect_delay_callback(|attempts| {
            // The first one at once.
            let tenths = attempts.saturating_sub(1).min(10);
            Duration::from_millis(100) * u32::try_from(tenths).unwrap_or(10)
        })
        .client_capacity(MAX_UNDER_WAY)
        .subscription_capacity(MAX_UNDER_WAY)
        .require_tls(options.address.tls)
        .event_callback(move |event| {
            let _ = tell.send(event);
            std::future::ready(())
        });
    Ok(match options.credentials.clone() {
        None => connect,
        Some(Credentials::Signed(text)) => connect
            .credentials(&text)
            .context("the credentials for NATS are damaged")?,
        Some(Credentials::Seed(seed)) => connect.nkey(seed),
        Some(Credentials::Password(user, password)) => connect.user_and_password(user, password),
        Some(Credentials::Token(token)) => connect.token(token),
    })
}

async fn find_or_make(
    context: &jetstream::Context,
    options: &ClusterOptions,
    to_room: &ToRoom,
) -> anyhow::Result<Stream> {
    let wanted = config(options);
    let name = &wanted.name;
    let until = Instant::now() + READY_WITHIN;
    loop {
        // It is there already, or another server makes it at the same moment.
        if let Ok(mut stream) = context.get_stream(name).await {
            let info = stream.info().await.context("NATS does not answer")?;
            judge(info, &wanted, to_room)?;
            return Ok(stream);
        }
        let error = match context.create_stream(wanted.clone()).await {
            Ok(stream) => return Ok(stream),
            Err(error) => error,
        };
        let code = match error.kind() {
            CreateStreamErrorKind::JetStream(error) => error.error_code(),
            _ => ErrorCode::CLUSTER_NOT_AVAILABLE,
        };
        let is_over = Instant::now() >= until;
        let too_many = code == ErrorCode::CLUSTER_NO_PEERS && is_over;
        if code == ErrorCode::STREAM_REPLICAS_NOT_SUPPORTED || too_many {
            let (copies, bytes) = (wanted.num_replicas, wanted.max_bytes);
            return Err(error).with_context(|| {
                format!(
                    "NATS cannot keep {copies} copies of the stream, each with {bytes} bytes: \
                     connect more servers of NATS, or give another number (--cluster-copies, \
                     --history-keep)"
                )
            });
        }
        if is_over || code == ErrorCode::JETSTREAM_NOT_ENABLED_FOR_ACCOUNT {
            return Err(error).with_context(|| {
                format!("NATS cannot make the stream {name}; is JetStream on, and has it space?")
            });
        }
        tokio::time::sleep(RETRY_AFTER).await;
    }
}

/// The stream as it has to be.
fn config(options: &ClusterOptions) -> Config {
    let room = &options.address.room;
    Config {
        name: room.stream(),
        subjects: vec![room.records()],
        discard: DiscardPolicy::Old,
        max_bytes: i64::try_from(options.keep.max(LEAST_KEPT)).unwrap_or(i64::MAX),
        max_message_size: record::MAX_BYTES as i32,
        num_replicas: options.copies,
        allow_direct: true,
        // What was taken is not to go before its time.
        deny_delete: true,
        deny_purge: true,
        republish: Some(Republish {
            source: room.records(),
            destination: room.entries(),
            headers_only: false,
        }),
        ..Config::default()
    }
}

/// Whether a stream that is there can be that of the room.
fn judge(info: &Info, wanted: &Config, to_room: &ToRoom) -> anyhow::Result<()> {
    let Config { name, .. } = wanted;
    let found = &info.config;
    let is_same = found.subjects == wanted.subjects
        && found.republish == wanted.republish
        && found.allow_direct
        && found.max_age.is_zero()
        && found.max_messages <= 0
        && found.discard == wanted.discard
        && found.retention == wanted.retention;
    if !is_same {
        bail!("the stream {name} was not made by a chat-server: name another room");
    }
    for (what, found, wanted) in [
        (
            "--cluster-copies",
            found.num_replicas as i64,
            wanted.num_replicas as i64,
        ),
        ("bytes (--history-keep)", found.max_bytes, wanted.max_bytes),
    ] {
        if found != wanted {
            to_room.trouble(format!(
                "the stream {name} goes on as it was made: {what} {found}, and not {wanted}"
            ));
        }
    }
    Ok(())
}

async fn bucket(
    context: &jetstream::Context,
    options: &ClusterOptions,
) -> anyhow::Result<ObjectStore> {
    let bucket = options.address.room.stream();
    let until = Instant::now() + READY_WITHIN;
    loop {
        if let Ok(store) = context.get_object_store(&bucket).await {
            return Ok(store);
        }
        let config = object_store::Config {
            bucket: bucket.clone(),
            num_replicas: options.copies,
            ..object_store::Config::default()
        };
        match context.create_object_store(config).await {
            Ok(store) => return Ok(store),
            Err(error) if Instant::now() >= until => {
                return Err(error).context("NATS cannot make the bucket for snapshots");
            }
            Err(_) => tokio::time::sleep(RETRY_AFTER).await,
        }
    }
}

/// The room's identity is the first entry, which only one server can write.
async fn begin(
    context: &jetstream::Context,
    stream: &Stream,
    options: &ClusterOptions,
    time: Timestamp,
) -> anyhow::Result<Identity> {
    let until = Instant::now() + READY_WITHIN;
    let identity = Identity::new(time)?;
    loop {
        match stream.get_raw_message(1).await {
            Ok(first) => {
                let found = genesis::parse(&first.payload);
                return found.ok_or_else(|| {
                    anyhow!(
                        "the stream {} begins with no room: delete it",
                        options.address.room.stream()
                    )
                });
            }
            Err(_) if stream.cached_info().state.first_sequence > 1 => bail!(
                "the beginning of the stream {} is gone, and there is no snapshot",
                options.address.room.stream()
            ),
            Err(error) if Instant::now() >= until => {
                return Err(error).context("NATS does not answer for the stream");
            }
            Err(_) => {}
        }
        let message = PublishMessage::build()
            .payload(genesis::to_bytes(&identity).into())
            .expected_last_sequence(0);
        let sent = context.send_publish(options.address.room.records(), message);
        // What has come of it is in the stream.
        let is_taken = match sent.await {
            Ok(acknowledged) => acknowledged.await.is_ok(),
            Err(_) => false,
        };
        if !is_taken {
            tokio::time::sleep(RETRY_AFTER).await;
        }
    }
}

/// How long NATS is looked for at the start.
const REACH_WITHIN: Duration = Duration::from_secs(6);

/// How long it may take until NATS has what is needed: its servers may have to choose a leader
/// first.
pub(super) const READY_WITHIN: Duration = Duration::from_secs(15);

pub(super) const ANSWER_WITHIN: Duration = Duration::from_secs(3);

pub(super) const RETRY_AFTER: Duration = Duration::from_millis(300);

const PING_EACH: Duration = Duration::from_secs(2);

/// How many messages may wait on the way to and from NATS.
const MAX_UNDER_WAY: usize = 64 * 1024;

/// A stream keeps at least so many bytes: what comes between two snapshots, several times.
const LEAST_KEPT: u64 = 256 * 1024 * 1024;
