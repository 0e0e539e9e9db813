//! What holds for the parsers whatever the kernel says.

use std::io::{self, Read};

use proptest::prelude::*;

use crate::measuring::filter::Filter;
use crate::receivers::host_metrics::connections::{Connections, Sockets, count_connections, parse_summary};
use crate::receivers::host_metrics::{cpu, disk, load, memory, network, paging, processes, system};
use edgewatch_core::kernel::{decimal, hexadecimal, lines, number, unescaped, words};

/// Reads every file with every parser.
fn parse_everything(bytes: &[u8]) {
    let filter = Filter::default();
    cpu::parse(bytes).count();
    cpu::parse_frequencies(bytes).count();
    cpu::parse_cores(bytes);
    disk::parse(bytes, &filter).count();
    load::parse(bytes);
    memory::parse(bytes);
    network::parse_interfaces(bytes, &filter).count();
    paging::parse_swaps(bytes).count();
    paging::parse_vmstat(bytes);
    processes::parse(bytes);
    processes::States::count(bytes.iter().copied());
    system::parse(bytes);
    count(bytes, 7);
    parse_summary(bytes, b"TCP:", b"tw");
    unescaped(bytes);
    decimal(bytes);
    hexadecimal(bytes);
}

/// Gives at most `step` bytes at a time.
struct Dripping<'a>(&'a [u8], usize);

impl Read for Dripping<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.1.min(buffer.len()).min(self.0.len());
        let (now, later) = self.0.split_at(count);
        buffer[..count].copy_from_slice(now);
        self.0 = later;
        Ok(count)
    }
}

fn count(table: &[u8], step: usize) -> Connections {
    let mut counts = Connections::default();
    count_connections(Dripping(table, step), &mut Vec::new(), &mut counts).expect("read");
    counts
}

fn recorded_files() -> Vec<&'static [u8]> {
    vec![
        include_bytes!("../testdata/host/proc/stat"),
        include_bytes!("../testdata/host/proc/cpuinfo"),
        include_bytes!("../testdata/host/proc/diskstats"),
        include_bytes!("../testdata/host/proc/loadavg"),
        include_bytes!("../testdata/host/proc/meminfo"),
        include_bytes!("../testdata/host/proc/net/dev"),
        include_bytes!("../testdata/host/proc/net/tcp"),
        include_bytes!("../testdata/host/proc/swaps"),
        include_bytes!("../testdata/host/proc/vmstat"),
        include_bytes!("../testdata/host/proc/uptime"),
    ]
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        parse_everything(&bytes);
    }

    #[test]
    fn recorded_files_that_are_cut_or_damaged_never_panic(
        file in proptest::sample::select(recorded_files()),
        cut in any::<proptest::sample::Index>(),
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 0..20),
    ) {
        let mut bytes = file[..cut.index(file.len() + 1)].to_vec();
        for (at, byte) in changes {
            if !bytes.is_empty() {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
        }
        parse_everything(&bytes);
    }

    #[test]
    fn numbers_are_those_of_the_standard_library(text in "[0-9]{0,25}|[0-9 +-]{0,4}") {
        let expected = text.parse::<u64>().ok().filter(|_| !text.starts_with('+'));
        prop_assert_eq!(number(text.as_bytes()), expected);
    }

    #[test]
    fn lines_and_words_are_those_of_the_standard_library(text in "[a-c \\t\\n]{0,40}") {
        let ours: Vec<&[u8]> = lines(text.as_bytes()).collect();
        let expected: Vec<&[u8]> = text.split_terminator('\n').map(str::as_bytes).collect();
        prop_assert_eq!(&ours, &expected);
        for line in ours {
            let text = std::str::from_utf8(line).expect("ascii");
            let expected: Vec<&[u8]> = text.split_whitespace().map(str::as_bytes).collect();
            prop_assert_eq!(words(line).collect::<Vec<_>>(), expected);
        }
    }

    #[test]
    fn escaped_paths_come_back(path in proptest::collection::vec(any::<u8>(), 0..40)) {
        let mut escaped = Vec::new();
        for byte in &path {
            match byte {
                b' ' | b'\t' | b'\n' | b'\\' | b'#' => escaped.extend(format!("\\{byte:03o}").into_bytes()),
                plain => escaped.push(*plain),
            }
        }
        prop_assert_eq!(unescaped(&escaped).into_owned(), path);
    }

    #[test]
    fn connections_are_counted_alike_however_the_table_is_cut(
        states in proptest::collection::vec(0_u8..16, 0..300),
        step in 1_usize..2000,
    ) {
        let mut table = b"  sl  local_address rem_address   st\n".to_vec();
        for (index, state) in states.iter().enumerate() {
            let line = format!("{index:4}: 0100007F:1F90 00000000:0000 {state:02X} 00000000:00000000 00:00000000\n");
            table.extend(line.into_bytes());
        }
        let counts = count(&table, step);
        for (index, count) in counts.iter().enumerate() {
            let state = index as u8 + 1;
            let expected = states.iter().filter(|s| **s == state || (state == 3 && **s == 12)).count();
            prop_assert_eq!(*count, expected as u64);
        }
    }

    #[test]
    fn shares_of_cpu_time_add_up_to_one(before in any::<[u32; 8]>(), after in any::<[u32; 8]>()) {
        let times = |ticks: [u32; 8]| cpu::Times { cpu: 0, ticks: ticks.map(u64::from) };
        if let Some(shares) = times(after).shares_since(&times(before)) {
            prop_assert!(shares.iter().all(|share| (0.0..=1.0).contains(share)));
            prop_assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-9);
        }
    }
}

#[test]
fn files_of_other_kernels_are_understood() {
    let filter = Filter::default();
    // Before Linux 2.6.25 partitions had four columns; before 4.18 disks had eleven, before 5.5 fifteen.
    let diskstats = b"   8       0 sda 1 2 3 4 5 6 7 8 9 10 11\n   8       1 sda1 1 2 3 4\n\
                      259 0 nvme0n1 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15\n";
    let disks: Vec<_> = disk::parse(diskstats, &filter).map(|disk| disk.device.into_owned()).collect();
    assert_eq!(disks, ["sda", "nvme0n1"]);

    // Without steal, with CPUs that are switched off, without a line for all of them together.
    let old = b"cpu  1 2 3 4 5 6 7\ncpu0 1 2 3 4 5 6 7\ncpu12 10 20 30 40 50 60 70\nintr 5\n";
    let times: Vec<_> = cpu::parse(old).collect();
    assert_eq!(times.iter().map(|times| times.cpu).collect::<Vec<_>>(), [0, 12]);
    assert_eq!(times[1].ticks, [10, 20, 30, 40, 50, 60, 70, 0]);

    // Without a space behind the colon, with an alias.
    let dev = b"Inter-|   Receive\n face |bytes\n  eth0:1:123 1 2 3 0 0 0 0 456 4 5 6 0 0 0 0\n";
    let interfaces: Vec<_> = network::parse_interfaces(dev, &filter).collect();
    assert_eq!(interfaces.len(), 1);
    assert_eq!(interfaces[0].device, "eth0:1");
    assert_eq!(interfaces[0].received, network::Traffic { bytes: 123, packets: 1, errors: 2, dropped: 3 });
    assert_eq!(interfaces[0].transmitted, network::Traffic { bytes: 456, packets: 4, errors: 5, dropped: 6 });

    // Two sockets with two cores of two threads each.
    let core =
        |cpu, socket, core| format!("processor\t: {cpu}\nphysical id\t: {socket}\ncore id\t\t: {core}\n\n");
    let cpuinfo: String = (0..8).map(|cpu| core(cpu, cpu / 4, cpu % 2)).collect();
    assert_eq!(cpu::parse_cores(cpuinfo.as_bytes()), 4);
}

#[test]
fn many_interfaces_are_all_told() {
    let dev: String =
        (0..1000).map(|n| format!("veth{n:06x}: {n} 0 0 0 0 0 0 0 {n} 0 0 0 0 0 0 0\n")).collect();
    let total: u64 = network::parse_interfaces(dev.as_bytes(), &Filter::default())
        .map(|interface| interface.received.bytes)
        .sum();
    assert_eq!(total, 499_500);
}

#[test]
fn the_table_of_ipv6_is_left_alone_only_while_it_is_known_to_be_empty() {
    const LISTENER: &str = "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000\n";
    const WAITING: &str = "   1: 0100007F:1F90 0100007F:8000 06 00000000:00000000 00:00000000\n";
    let listeners = |sockstat: Option<&str>, sockstat6: &str| {
        let net = tempfile::tempdir().expect("a directory");
        let write = |name: &str, text: &str| std::fs::write(net.path().join(name), text).expect("write");
        write("tcp", &format!("heading\n{LISTENER}{WAITING}"));
        write("tcp6", &format!("heading\n{LISTENER}"));
        write("sockstat6", sockstat6);
        if let Some(sockstat) = sockstat {
            write("sockstat", sockstat);
        }
        Sockets::new(net.path()).count().expect("counts")[9]
    };

    let one_waits = Some("sockets: used 22\nTCP: inuse 1 orphan 0 tw 1 alloc 1 mem 125\n");
    let two_wait = Some("sockets: used 22\nTCP: inuse 1 orphan 0 tw 2 alloc 1 mem 125\n");
    assert_eq!(listeners(one_waits, "TCP6: inuse 0\n"), 1, "said to be empty");
    assert_eq!(listeners(two_wait, "TCP6: inuse 0\n"), 2, "one that waits must be in the other table");
    assert_eq!(listeners(one_waits, "TCP6: inuse 1\n"), 2);
    assert_eq!(listeners(None, "TCP6: inuse 0\n"), 2, "nothing is known");
    assert_eq!(listeners(one_waits, ""), 2);
}
