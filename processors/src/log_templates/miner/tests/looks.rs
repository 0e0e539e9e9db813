use super::mined;

fn template(line: &str) -> String {
    mined(&[line]).remove(0)
}

#[test]
fn masks_what_is_a_value_by_its_looks() {
    for (line, expected) in [
        ("took 17 ms", "took <*> ms"),
        ("at 0x7fff5fbff8c0", "at <*>"),
        ("left -1.5e9 of 12,345", "left <*> of <*>"),
        ("from 10.0.0.1:8080", "from <*>:<*>"),
        ("from /10.0.0.1:8080", "from <*>:<*>"),
        ("opened /var/log/app.log twice", "opened <*> twice"),
        (r"opened C:\Windows\app.log twice", "opened <*> twice"),
        ("see http://example.com/a?b=c.", "see <*>."),
        ("bssid 00:1b:21:3c:9d:f8 joined", "bssid <*> joined"),
        ("address fe80::1ff:fe23:4567:890a up", "address <*> up"),
        ("id 123e4567-e89b-12d3-a456-426614174000 done", "id <*> done"),
        ("core deadbeef dumped", "core <*> dumped"),
        ("mail to bob@example.com sent", "mail to <*> sent"),
        ("is true or null", "is <*> or <*>"),
        ("disk 97% full", "disk <*>% full"),
        ("on 2017-07-03 at 12:30:05", "on <*>-<*>-<*> at <*>:<*>:<*>"),
        ("[10/Oct/2023:13:55]", "[<*>/<*>/<*>:<*>:<*>]"),
        ("pages 12-17", "pages <*>-<*>"),
        ("at Jul  3 2017", "at <*> <*> <*>"),
    ] {
        assert_eq!(template(line), expected, "{line}");
    }
}

#[test]
fn keeps_names_that_have_digits() {
    for line in ["Accepted for ssh2", "jk2_init() ready", "log4j started", "eth0 up"] {
        assert_eq!(template(line), line);
    }
}

#[test]
fn keeps_what_a_number_is_attached_to() {
    assert_eq!(template("thread-12 ended"), "thread-<*> ended");
    assert_eq!(template("jetty-6.1.26"), "jetty-<*>");
    assert_eq!(template("Event@2b0f1f4 fired"), "Event@<*> fired");
}

#[test]
fn a_row_of_values_is_one() {
    assert_eq!(template("channels 1 2 3 4 5 6"), template("channels 1 2 3 4"));
    assert_eq!(template("channels 1 2 3 4"), "channels <*>");
    assert_eq!(template("values 1,2,3"), "values <*>");
    // What follows a colon is no row.
    assert_eq!(template("on Fri Jun 30 20:16"), "on <*> <*> <*> <*>:<*>");
}

#[test]
fn white_space_counts_once_and_not_at_the_ends() {
    assert_eq!(template("  a\t b   "), "a b");
    assert_eq!(template(""), "");
    assert_eq!(template("   "), "");
}

#[test]
fn brackets_around_a_value_belong_to_it() {
    assert_eq!(template("<memory:12, cores:<4>> left"), "<memory:<*>, cores:<*> left");
}
