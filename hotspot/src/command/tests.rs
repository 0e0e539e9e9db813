use proptest::prelude::*;

use super::*;

fn name(java: &str, arguments: &str) -> Option<String> {
    Command::new(java, arguments, "").service_name().map(|name| name.name)
}

#[test]
fn services_are_called_after_their_jar_without_its_version() {
    let cases = [
        ("/opt/app/payment-service-1.4.2.jar --port 80", "payment-service"),
        ("app.jar", "app"),
        ("orders-0.0.1-SNAPSHOT.jar", "orders"),
        ("orders-2.1.0.RELEASE-exec.jar", "orders"),
        ("billing-v3.jar", "billing"),
        ("billing_2.13-1.0.jar", "billing"),
        ("log4j-2-service-1.0.jar", "log4j-2-service"),
        ("gateway-1.0-3fa9c2d.jar", "gateway"),
        ("route66.jar", "route66"),
        ("/srv/my app/stock-1.jar x", "stock"),
        ("/usr/share/jenkins/jenkins.war", "jenkins"),
        ("quarkus-app/quarkus-run.jar", "quarkus-run"),
    ];
    for (java, expected) in cases {
        assert_eq!(name(java, "").as_deref(), Some(expected), "{java}");
    }
}

#[test]
fn agents_of_opentelemetry_are_recognised_by_their_path() {
    let cases = [
        ("-javaagent:/opt/opentelemetry-javaagent.jar", true),
        ("-Xmx1g -javaagent:/otel-auto-instrumentation-java/javaagent.jar=a=b", true),
        ("-javaagent:splunk-OTel-javaagent.jar", true),
        ("-javaagent:/opt/jmx_exporter.jar=9404:/etc/otel.yaml", false),
        ("-Dotel.service.name=shop", false),
        ("", false),
    ];
    for (arguments, expected) in cases {
        assert_eq!(Command::new("a.jar", arguments, "").has_otel_agent(), expected, "{arguments}");
    }
}

#[test]
fn services_are_called_after_their_main_class_or_the_program_it_belongs_to() {
    let cases = [
        ("com.acme.orders.OrderService", "", "OrderService"),
        ("com.acme.orders.Main --x", "", "orders"),
        ("shop/com.acme.shop.MainKt", "", "shop"),
        ("Main", "", "Main"),
        ("kafka.Kafka /etc/kafka/server.properties", "", "kafka"),
        ("org.elasticsearch.server/org.elasticsearch.bootstrap.Elasticsearch", "", "elasticsearch"),
        ("org.apache.catalina.startup.Bootstrap start", "", "tomcat"),
        ("org.apache.catalina.startup.Bootstrap start", "-Dcatalina.base=/var/lib/tomcat10", "tomcat"),
        (
            "org.apache.catalina.startup.Bootstrap start",
            "-Dcatalina.base=/opt/apache-tomcat-10.1.60/",
            "tomcat",
        ),
        ("org.apache.catalina.startup.Bootstrap start", "-Dcatalina.base=/srv/orders", "orders"),
        ("start.jar", "-Djetty.home=/opt/jetty", "jetty"),
        ("weblogic.Server", "-Dweblogic.Name=managed1", "managed1"),
        ("/opt/wildfly/jboss-modules.jar -mp modules", "", "wildfly"),
        ("org.springframework.boot.loader.launch.JarLauncher", "", "spring-boot"),
    ];
    for (java, arguments, expected) in cases {
        assert_eq!(name(java, arguments).as_deref(), Some(expected), "{java} {arguments}");
    }
    assert_eq!(name("", ""), None);
}

#[test]
fn a_name_that_somebody_has_given_comes_first() {
    let cases = [
        ("-Dotel.service.name=a -Dspring.application.name=b", "x.jar", "a"),
        ("-Dspring.application.name=old -Dspring.application.name=new", "x.jar", "new"),
        ("-Dotel.resource.attributes=team=x,service.name=y", "x.jar", "y"),
        ("", "x.jar --spring.application.name=z", "z"),
        ("-Dservice.name=my service", "x.jar", "my service"),
    ];
    for (arguments, java, expected) in cases {
        let found = Command::new(java, arguments, "").service_name();
        assert_eq!(found, Some(ServiceName { name: expected.to_owned(), given: true }), "{arguments}");
    }
    assert_eq!(name("x.jar", "-Dspring.application.name=${APP}").as_deref(), Some("x"));
    assert_eq!(
        environment_name(b"A=b\0OTEL_RESOURCE_ATTRIBUTES=service.name=shop,x=y\0PASSWORD=p\0")
            .map(|name| name.name),
        Some("shop".to_owned())
    );
    assert_eq!(environment_name(b"OTEL_SERVICE_NAME=\0PATH=/bin\0"), None);
}

#[test]
fn flags_and_properties_are_looked_up_and_the_last_one_wins() {
    let command = Command::new(
        "a.B",
        "-Xrs -XX:+UseG1GC -XX:ActiveProcessorCount=2 -XX:ActiveProcessorCount=3 -XX:-UseContainerSupport -Dk=v w",
        "-XX:-UseG1GC -XX:MaxMetaspaceSize=1g",
    );
    assert_eq!(command.switch("UseG1GC"), Some(true));
    assert_eq!(command.switch("UseZGC"), None);
    assert_eq!(command.flag("MaxMetaspaceSize"), Some("1g"));
    assert_eq!(command.property("k"), Some("v w"));
    assert!(command.has("-Xrs"));
    assert_eq!(command.cpus(), crate::process::Cpus { fixed: Some(3), obeys_groups: false });
}

#[test]
fn a_jvm_without_counters_has_the_command_line_of_its_process() {
    let command =
        Command::of_words(b"/usr/bin/java\0-Xmx1g\0-cp\0/a:/b\0-Dx=y z\0-jar\0/opt/shop-1.0.jar\0run\0");
    assert_eq!(command.options().collect::<Vec<_>>(), ["-Xmx1g", "-Dx=y z"]);
    assert_eq!(command.main(), "/opt/shop-1.0.jar");
    assert_eq!(command.arguments(), "run");
}

#[test]
fn secrets_are_taken_out_of_command_lines_and_the_rest_is_kept() {
    let cases = [
        (
            &["-Xmx1g", "-Dserver.port=80", "com.acme.Main", "--verbose"][..],
            &["-Xmx1g", "-Dserver.port=80", "com.acme.Main", "--verbose"][..],
        ),
        (&["-Ddb.password=hunter2 x"], &["-Ddb.password=***"]),
        (&["--token", "hunter2", "go"], &["--token", "***", "go"]),
        (&["--api-key=x", "api_key:x"], &["--api-key=***", "api_key:***"]),
        (&["-Durl=jdbc:postgresql://u:hunter2@db/x"], &["-Durl=***"]),
        (&["jdbc:oracle:thin:scott/tiger@db:1521"], &["jdbc:***"]),
        (&["-Durl=http://h/?access_token=hunter2"], &["-Durl=***"]),
        (&["-javaagent:/a.jar=token=hunter2"], &["-javaagent:***"]),
        (&["hunter2:password"], &["***"]),
        (
            &["-uroot", "-phunter2", "-p8080", "-profile", "-port=80"],
            &["-uroot", "-p***", "-p8080", "-profile", "-port=80"],
        ),
        (&["-p", "/modules", "-Phunter2"], &["-p", "/modules", "-P***"]),
        (
            &["--password", "hunter2", "{\"user\":\"a\",\"password\":\"hunter2\"}"],
            &["--password", "***", "***"],
        ),
        (&["--config={\"db\": {\"pass\": \"hunter2\"}}"], &["--config=***"]),
        (
            &["DB_PASSWORD=hunter2", "PGPASSWORD=hunter2", "DB_PW=hunter2", "pw:hunter2"],
            &["DB_PASSWORD=***", "PGPASSWORD=***", "DB_PW=***", "pw:***"],
        ),
        (&["--pw", "hunter2", "-Dhttp.upwards=x"], &["--pw", "***", "-Dhttp.upwards=x"]),
        (&["0123456789abcdef0123456789abcdef01234567"], &["***"]),
        (&["eyJhbGciOiJIUzI1NiJ9.e30.xyz"], &["***"]),
    ];
    for (words, expected) in cases {
        assert_eq!(redacted(words.iter().copied()), expected, "{words:?}");
    }
}

proptest! {
    #[test]
    fn no_secret_survives(
        secret in "[A-Za-z0-9!$%&/()?*+~#,;.:<>|_=@ -]{6,40}",
        telling in prop::sample::select(vec!["password", "PASSWD", "client.secret", "accessToken", "apiKey", "db.credentials", "passphrase"]),
        form in 0_usize..9,
        before in prop::collection::vec("[a-z]{1,8}", 0..3),
    ) {
        // Marked, so that it is not found by chance.
        let secret = format!("Zq7{secret}qZ");
        let word = match form {
            0 => vec![format!("-D{telling}={secret}")],
            1 => vec![format!("--{telling}"), secret.clone()],
            2 => vec![format!("--{telling}={secret}")],
            3 => vec![format!("-Durl=https://user:{secret}@host/path")],
            4 => vec![format!("https://{secret}:x@host")],
            5 => vec![format!("-Durl=https://host/?a=b&{telling}={secret}")],
            6 => vec![format!("{telling}:{secret}")],
            7 => vec![format!("-javaagent:/a/b.jar=x=y,{telling}={secret}")],
            _ => vec![format!("-Dspring.config={{\"{telling}\":\"{secret}\"}}")],
        };
        let words: Vec<&str> = before.iter().chain(&word).map(String::as_str).collect();
        let text = redacted(words.iter().copied()).join(" ");
        prop_assert!(!text.contains("Zq7") && !text.contains("qZ"), "{text}");
        prop_assert_eq!(redacted(words.iter().copied()).len(), words.len());
    }

    #[test]
    fn no_name_is_made_of_a_secret(secret in "[a-z0-9]{6,20}") {
        let secret = format!("Zq7{secret}");
        let command = Command::new(
            &format!("com.acme.Orders --password={secret}"),
            &format!("-Ddb.password={secret} -Djdbc.url=jdbc:x://u:{secret}@h"),
            "",
        );
        let name = command.service_name().expect("a main class");
        prop_assert_eq!(name.name, "Orders");
    }

    #[test]
    fn whatever_the_command_line_is_nothing_breaks(java in ".{0,80}", arguments in ".{0,120}", line in prop::collection::vec(any::<u8>(), 0..120)) {
        for command in [Command::new(&java, &arguments, &arguments), Command::of_words(&line)] {
            let _ = (command.service_name(), command.cpus(), command.main().len(), command.arguments().len());
        }
        let _ = redacted(java.split(' '));
        let _ = environment_name(&line);
    }
}
