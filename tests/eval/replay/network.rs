//! Interfaces and connections.

use super::host::Minute;
use super::noise::Noise;
use super::sheet::Sheet;

#[derive(Clone)]
pub(super) struct Network {
    /// Bytes a packet.
    packet: [f64; 2],
    /// Packets a second that the kernel has no use for.
    unknown: f64,
    local: f64,
    /// Connections held, and opened in a minute, by a unit of load.
    held: f64,
    opened: f64,
    established: f64,
    listening: f64,
}

impl Network {
    pub(super) fn new(noise: &mut Noise) -> Self {
        Self {
            packet: [noise.between(200.0, 1200.0), noise.between(200.0, 1200.0)],
            unknown: if noise.happens(0.5) { noise.magnitude(0.01, 0.5) } else { 0.0 },
            local: noise.magnitude(1e2, 1e6),
            held: noise.magnitude(3.0, 500.0),
            opened: noise.magnitude(1.0, 300.0),
            established: 10.0,
            listening: noise.between(8.0, 30.0).round(),
        }
    }

    pub(super) fn minute(&mut self, now: &Minute, noise: &mut Noise, sheet: &mut Sheet) {
        let passing = now.effects.passing;
        // Name resolution, time, monitoring.
        let chatter = 300.0 * (0.3 * noise.normal()).exp() * passing;
        let [incoming, outgoing] = [now.demand.received, now.demand.sent]
            .map(|bytes| chatter + bytes * (0.15 * noise.normal()).exp());
        let local = self.local * now.load * (0.1 * noise.normal()).exp();
        let unknown = noise.poisson(60.0 * self.unknown) / 60.0 * passing;
        // On a path that loses some, some are lost in sight.
        let lost =
            if passing < 1.0 && passing > 0.0 { (1.0 - passing) * incoming / self.packet[0] } else { 0.0 };
        for (device, [received, sent], dropped) in [
            ("lo", [local, local], 0.0),
            ("eth0", [incoming, outgoing], unknown + lost),
            ("docker0", [0.0, 0.0], 0.0),
        ] {
            let [small, large] = self.packet.map(|bytes| bytes * (1.0 + 0.05 * noise.normal()));
            sheet.counter("system.network.io", [device, "receive"], received);
            sheet.counter("system.network.io", [device, "transmit"], sent);
            sheet.counter(
                "system.network.packets",
                [device, "receive"],
                noise.poisson(60.0 * received / small) / 60.0,
            );
            sheet.counter(
                "system.network.packets",
                [device, "transmit"],
                noise.poisson(60.0 * sent / large) / 60.0,
            );
            sheet.counter("system.network.dropped", [device, "receive"], dropped);
            sheet.counter("system.network.dropped", [device, "transmit"], 0.0);
            sheet.counter("system.network.errors", [device, "receive"], 0.0);
            sheet.counter("system.network.errors", [device, "transmit"], 0.0);
        }
        self.connections(now, noise, sheet);
    }

    fn connections(&mut self, now: &Minute, noise: &mut Noise, sheet: &mut Sheet) {
        // Connections outlast a link that is dead for some minutes.
        let wanted = self.held * now.load * now.effects.passing.max(0.1);
        self.established += 0.2 * (wanted - self.established);
        let opened = self.opened * now.load * now.effects.passing;
        let trying = if now.effects.passing < 1.0 { 5.0 } else { 0.02 };
        for (state, mean) in [
            ("ESTABLISHED", self.established),
            ("SYN_SENT", trying),
            ("SYN_RECV", 0.01 * opened),
            ("FIN_WAIT_1", 0.005 * opened),
            ("FIN_WAIT_2", 0.01 * opened),
            ("TIME_WAIT", opened),
            ("CLOSE_WAIT", 0.05),
            ("LAST_ACK", 0.002 * opened),
        ] {
            sheet.gauge("system.network.connections", [state, ""], noise.poisson(mean));
        }
        sheet.gauge("system.network.connections", ["LISTEN", ""], self.listening);
        for state in ["CLOSE", "CLOSING", "DELETE"] {
            sheet.gauge("system.network.connections", [state, ""], 0.0);
        }
    }
}
