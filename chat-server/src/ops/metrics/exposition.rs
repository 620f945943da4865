//! The metrics by name, and their text.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{
    DescriptorEncoder, EncodeCounterValue, EncodeGaugeValue, MetricEncoder, NoLabelSet,
    prometheus_text, text,
};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;

use super::figures::Figures;
use super::http::Format;
use crate::ops::histogram::Durations;
use crate::room::origin::ServerId;
use crate::runtime::census::State;

/// The text of the metrics.
pub(super) fn exposition(figures: Figures, format: Format) -> String {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(figures));
    let mut page = String::with_capacity(CAPACITY);
    let encoded = match format {
        Format::Prometheus => prometheus_text::encode(&mut page, &registry),
        Format::OpenMetrics => text::encode(&mut page, &registry),
    };
    encoded.expect("a string takes all that is written to it");
    page
}

/// The metrics that are being written.
struct Page<'a>(DescriptorEncoder<'a>);

impl Page<'_> {
    /// `name` is without `_total`, which the encoder adds.
    fn counter(&mut self, name: &str, help: &str, value: impl EncodeCounterValue) -> fmt::Result {
        let mut metric = self.family(name, help, MetricType::Counter)?;
        metric.encode_counter::<NoLabelSet, _, f64>(&value, None)
    }

    fn gauge(&mut self, name: &str, help: &str, value: impl EncodeGaugeValue) -> fmt::Result {
        let mut metric = self.family(name, help, MetricType::Gauge)?;
        metric.encode_gauge(&value)
    }

    fn histogram(&mut self, name: &str, help: &str, durations: &Durations) -> fmt::Result {
        let mut metric = self.family(name, help, MetricType::Histogram)?;
        let (sum, count) = (durations.seconds(), durations.count());
        metric.encode_histogram::<NoLabelSet>(sum, count, &durations.buckets(), None)
    }

    /// A counter for each value of a label.
    fn counters<'v>(
        &mut self,
        name: &str,
        help: &str,
        label: &str,
        values: impl IntoIterator<Item = (&'v str, u64)>,
    ) -> fmt::Result {
        let mut metric = self.family(name, help, MetricType::Counter)?;
        for (value, count) in values {
            metric
                .encode_family(&[(label, value)])?
                .encode_counter::<NoLabelSet, _, f64>(&count, None)?;
        }
        Ok(())
    }

    fn family<'s>(
        &'s mut self,
        name: &'s str,
        help: &str,
        kind: MetricType,
    ) -> Result<MetricEncoder<'s>, fmt::Error> {
        self.0.encode_descriptor(name, help, None, kind)
    }
}

/// No name, no address and no text of a person is a label: their number has no bound.
impl Collector for Figures {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let page = &mut Page(encoder);
        self.put_room(page)?;
        self.put_connections(page)?;
        self.put_traffic(page)?;
        self.put_times(page)?;
        self.put_history(page)?;
        self.put_order(page)?;
        self.put_process(page)
    }
}

impl Figures {
    fn put_room(&self, page: &mut Page<'_>) -> fmt::Result {
        page.gauge("chat_people", "People in the room", self.room.people)?;
        page.counter(
            "chat_messages",
            "Messages that were said in the room",
            self.room.messages,
        )?;
        page.counter(
            "chat_deliveries",
            "Messages that were sent to readers, once for each reader; counted once a round",
            self.deliveries,
        )?;
        page.gauge(
            "chat_newest_event",
            "Number of the newest event in the room",
            self.room.events,
        )
    }

    fn put_connections(&self, page: &mut Page<'_>) -> fmt::Result {
        let mut metric = page.family(
            "chat_connections",
            "Connections by state",
            MetricType::Gauge,
        )?;
        for state in State::ALL {
            metric
                .encode_family(&[("state", state.label())])?
                .encode_gauge(&self.census.states[state as usize])?;
        }
        page.gauge(
            "chat_connections_limit",
            "Connections that may be there at once (--max-clients)",
            self.room.limit,
        )?;
        page.counter(
            "chat_connections_accepted",
            "Connections that were let in",
            self.accepted,
        )?;
        page.counter(
            "chat_accept_errors",
            "Failures to accept a connection, such as too few descriptors",
            self.accept_errors,
        )?;
        page.counters(
            "chat_refusals",
            "Connections that were not let in, and passwords that were not taken, by reason",
            "reason",
            self.refused.iter().copied(),
        )?;
        let handshakes = [
            ("done", self.handshakes),
            ("failed", self.failed_handshakes),
        ];
        page.counters(
            "chat_tls_handshakes",
            "TLS handshakes that have ended, by result",
            "result",
            handshakes,
        )
    }

    fn put_traffic(&self, page: &mut Page<'_>) -> fmt::Result {
        page.counter(
            "chat_received_bytes",
            "Bytes that came from peers",
            self.bytes_in,
        )?;
        page.counter(
            "chat_sent_bytes",
            "Bytes that were sent to peers",
            self.bytes_out,
        )?;
        page.gauge(
            "chat_input_bytes",
            "Bytes from peers that wait to be processed",
            self.input,
        )?;
        page.gauge(
            "chat_lagging_readers",
            "Readers that have not taken all that waits for them",
            self.census.lagging,
        )?;
        page.gauge(
            "chat_replaying_readers",
            "Lagging readers that get events from the history",
            self.census.replaying,
        )?;
        page.gauge(
            "chat_slowest_reader_bytes",
            "Bytes in memory that wait for the slowest reader",
            self.census.slowest,
        )?;
        page.counter(
            "chat_fallen_behind",
            "Times that a reader fell behind what is in memory",
            self.laggards,
        )?;
        page.counter(
            "chat_stalled",
            "Connections that were closed because the peer took nothing (--stall)",
            self.stalled,
        )
    }

    fn put_times(&self, page: &mut Page<'_>) -> fmt::Result {
        page.histogram(
            "chat_round_seconds",
            "Time of a round of a worker, without the wait for the next one",
            &self.rounds,
        )?;
        page.histogram(
            "chat_fanout_seconds",
            "Time in a round to send what is new to all readers of a worker",
            &self.fan_outs,
        )?;
        page.histogram(
            "chat_tls_handshake_seconds",
            "Time from accept to the end of a TLS handshake that was done",
            &self.handshake_times,
        )?;
        page.gauge("chat_loops", "Event loops of the server", self.loops)?;
        page.gauge(
            "chat_loops_alive",
            "Event loops that have answered within 2 s",
            self.answering,
        )
    }

    /// Only where there is a history: an alert on what is not kept would always be one.
    fn put_history(&self, page: &mut Page<'_>) -> fmt::Result {
        let Some(history) = &self.room.history else {
            return Ok(());
        };
        page.gauge(
            "chat_history_writable",
            "1 if the history can be written, or else 0",
            u64::from(history.trouble.is_none()),
        )?;
        page.gauge(
            "chat_history_unsynced_bytes",
            "Bytes of events that are not known to be on the disk",
            history.unsynced,
        )?;
        page.gauge(
            "chat_history_unsynced_seconds",
            "Age of the oldest of these events",
            self.unsynced.as_secs_f64(),
        )?;
        page.histogram(
            "chat_history_sync_seconds",
            "Time until what was written is on the disk, each time",
            &self.sync_times,
        )
    }

    /// Only where several servers share the room.
    fn put_order(&self, page: &mut Page<'_>) -> fmt::Result {
        let Some((progress, flow)) = self.room.order else {
            return Ok(());
        };
        if let Some(ServerId(number)) = progress.server {
            let help = "Which of the servers that share the room this is";
            page.gauge("chat_cluster_server", help, u64::from(number))?;
        }
        page.gauge(
            "chat_cluster_servers",
            "Servers that share the room",
            progress.servers as u64,
        )?;
        page.gauge(
            "chat_cluster_flow",
            "0 if the order of the room moves on, 1 if people were told to wait, 2 if it stands still",
            flow as u64,
        )?;
        page.gauge(
            "chat_cluster_waiting_seconds",
            "Age of the oldest record of this server that has not come back",
            self.order_waits.as_secs_f64(),
        )?;
        page.gauge(
            "chat_cluster_entry",
            "Number of the last entry of the stream that was read",
            progress.entries,
        )?;
        page.counter(
            "chat_cluster_records_again",
            "Records that were sent again, since they had not come back",
            progress.again,
        )
    }

    fn put_process(&self, page: &mut Page<'_>) -> fmt::Result {
        page.counter(
            "chat_log_lines_dropped",
            "Lines of the log that were dropped because no program has read it",
            self.dropped_lines,
        )?;
        let mut metric = page.family(
            "chat_build_info",
            "1, with the version of the program",
            MetricType::Gauge,
        )?;
        metric
            .encode_family(&[("version", env!("CARGO_PKG_VERSION"))])?
            .encode_gauge(&1_u64)?;
        // These names are the same for all programs.
        page.gauge(
            "process_start_time_seconds",
            "Start of the server, in seconds since 1970",
            self.started.as_secs_f64(),
        )?;
        if let Some(bytes) = self.process.resident {
            let help = "Memory of the process, in bytes";
            page.gauge("process_resident_memory_bytes", help, bytes)?;
        }
        if let Some(seconds) = self.process.cpu {
            let help = "Processor time of the process, in seconds";
            page.counter("process_cpu_seconds", help, seconds)?;
        }
        Ok(())
    }
}

/// About the length of a page.
const CAPACITY: usize = 16 * 1024;

#[cfg(test)]
mod tests;
