use proptest::prelude::*;

use super::*;

#[test]
fn containers_are_told_from_the_names_of_control_groups() {
    let id = "0123456789abcdef".repeat(4);
    let cases = [
        format!("0::/system.slice/docker-{id}.scope\n"),
        format!("12:cpu,cpuacct:/docker/{id}\n11:memory:/\n"),
        format!("0::/kubepods/burstable/podaf/{id}\n"),
        format!("0::/kubepods.slice/kubepods-besteffort.slice/cri-containerd-{id}.scope\n"),
        format!("0::/system.slice/containerd.service/kubepods-pod1.slice:cri-containerd:{id}\n"),
        format!("0::/machine.slice/libpod-{id}.scope/container\n"),
        format!("0::/kubepods.slice/crio-{id}.scope\n"),
        format!("0::/../../{id}/init.scope\n"),
        format!("0::/docker/{}/docker/{id}\n", "f".repeat(64)),
    ];
    for text in &cases {
        assert_eq!(container(text.as_bytes()), Some(&*id), "{text}");
    }
    let task = format!("{}-1234567890", "0a".repeat(16));
    assert_eq!(container(format!("9:cpu:/ecs/x/{task}\n").as_bytes()), Some(&*task));
    for none in
        ["0::/\n", "0::/user.slice/session-1.scope\n", &format!("0::/crio-conmon-{id}.scope\n"), "", "0:\n"]
    {
        assert_eq!(container(none.as_bytes()), None, "{none}");
    }
}

#[test]
fn names_with_parentheses_do_not_confuse_stat() {
    let text = b"77 (a) R (b)) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27\n";
    let stat = Stat::parse(text).expect("whole");
    assert_eq!((stat.name, stat.state, stat.user, stat.system), (&b"a) R (b)"[..], b'S', 11, 12));
    assert_eq!((stat.start, stat.size, stat.resident, stat.image), (19, 20, 21, (23, 25)));
    assert!(Stat::parse(b"77 (a) S 1 2 3\n").is_none());
}

#[test]
fn status_tells_effective_ids_the_innermost_number_and_cpus() {
    let text = b"Uid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\nNSpid:\t900\t80\t7\nCpus_allowed:\tff,0000000f\n";
    assert_eq!(Status::parse(text), Some(Status { uid: 2, gid: 6, ns_pid: Some(7), cpus: Some(12) }));
    assert_eq!(Status::parse(b"Uid:\t1\n"), None);
}

#[test]
fn paths_with_spaces_are_whole() {
    let line = b"00400000-00452000 r-xp 00001000 103:02 173521      /srv/my app/libjvm.so (deleted)";
    let mapping = Mapping::parse(line).expect("whole");
    assert_eq!(mapping.path, b"/srv/my app/libjvm.so");
    assert_eq!((mapping.device, mapping.inode, mapping.deleted), ((0x103, 2), 173_521, true));
    assert_eq!((mapping.file_name(), mapping.size()), (&b"libjvm.so"[..], 0x52000));
}

proptest! {
    #[test]
    fn whatever_the_kernel_says_nothing_breaks(bytes in prop::collection::vec(prop::sample::select(b"0af-:/ ()\nSUidN\t,.\xff".to_vec()), 0..300)) {
        let _ = (Stat::parse(&bytes), Status::parse(&bytes), container(&bytes), groups(&bytes).count());
        for mapping in mappings(&bytes) {
            let _ = (mapping.file_name(), mapping.size());
        }
    }

    #[test]
    fn lines_are_the_same_however_they_arrive(lines in prop::collection::vec("[a-z ]{0,60}", 0..40), step in 1_usize..50) {
        struct Slow<'a>(&'a [u8], usize);
        impl std::io::Read for Slow<'_> {
            fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
                let count = self.1.min(self.0.len()).min(buffer.len());
                buffer[..count].copy_from_slice(&self.0[..count]);
                self.0 = &self.0[count..];
                Ok(count)
            }
        }
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let mut seen = Vec::new();
        lines_of(Slow(text.as_bytes(), step), |line| {
            seen.push(String::from_utf8_lossy(line).into_owned());
            true
        })
        .expect("readable");
        prop_assert_eq!(seen, lines);
    }
}
