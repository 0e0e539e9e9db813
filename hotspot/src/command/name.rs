//! What to call a service when all that is known is how it was started.

use super::Command;

/// Longest name of a service.
const LONGEST: usize = 255;

/// A name of a service, and how sure it is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ServiceName {
    /// The name.
    pub name: String,
    /// Whether somebody has named the service so, on purpose.
    pub given: bool,
}

/// Names that somebody has given, by property.
const GIVEN: [&str; 4] =
    ["otel.service.name", "spring.application.name", "service.name", "quarkus.application.name"];

/// Programs that are known by another name than their main class.
const PROGRAMS: [(&str, &str); 46] = [
    ("com.sun.enterprise.glassfish.bootstrap.ASMain", "glassfish"),
    ("com.sun.enterprise.glassfish.bootstrap.GlassFishMain", "glassfish"),
    ("fish.payara.micro.PayaraMicro", "payara-micro"),
    ("io.debezium.server.Main", "debezium-server"),
    ("io.trino.server.TrinoServer", "trino"),
    ("kafka.Kafka", "kafka"),
    ("org.apache.activemq.artemis.boot.Artemis", "artemis"),
    ("org.apache.cassandra.service.CassandraDaemon", "cassandra"),
    ("org.apache.druid.cli.Main", "druid"),
    ("org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint", "flink-jobmanager"),
    ("org.apache.flink.runtime.taskexecutor.TaskManagerRunner", "flink-taskmanager"),
    ("org.apache.hadoop.hbase.master.HMaster", "hbase-master"),
    ("org.apache.hadoop.hbase.regionserver.HRegionServer", "hbase-regionserver"),
    ("org.apache.hadoop.hdfs.qjournal.server.JournalNode", "hdfs-journalnode"),
    ("org.apache.hadoop.hdfs.server.datanode.DataNode", "hdfs-datanode"),
    ("org.apache.hadoop.hdfs.server.namenode.NameNode", "hdfs-namenode"),
    ("org.apache.hadoop.yarn.server.nodemanager.NodeManager", "yarn-nodemanager"),
    ("org.apache.hadoop.yarn.server.resourcemanager.ResourceManager", "yarn-resourcemanager"),
    ("org.apache.hive.service.server.HiveServer2", "hiveserver2"),
    ("org.apache.ignite.startup.cmdline.CommandLineStartup", "ignite"),
    ("org.apache.jmeter.NewDriver", "jmeter"),
    ("org.apache.karaf.main.Main", "karaf"),
    ("org.apache.kafka.connect.cli.ConnectDistributed", "kafka-connect"),
    ("org.apache.kafka.connect.cli.ConnectStandalone", "kafka-connect"),
    ("org.apache.nifi.NiFi", "nifi"),
    ("org.apache.pulsar.PulsarBrokerStarter", "pulsar-broker"),
    ("org.apache.pulsar.PulsarStandaloneStarter", "pulsar"),
    ("org.apache.rocketmq.broker.BrokerStartup", "rocketmq-broker"),
    ("org.apache.spark.deploy.SparkSubmit", "spark-submit"),
    ("org.apache.spark.deploy.history.HistoryServer", "spark-history-server"),
    ("org.apache.spark.deploy.master.Master", "spark-master"),
    ("org.apache.spark.deploy.worker.Worker", "spark-worker"),
    ("org.apache.spark.executor.CoarseGrainedExecutorBackend", "spark-executor"),
    ("org.apache.zookeeper.server.quorum.QuorumPeerMain", "zookeeper"),
    ("org.codehaus.plexus.classworlds.launcher.Launcher", "maven"),
    ("org.eclipse.jetty.start.Main", "jetty"),
    ("org.elasticsearch.bootstrap.Elasticsearch", "elasticsearch"),
    ("org.elasticsearch.launcher.CliToolLauncher", "elasticsearch-launcher"),
    ("org.gradle.launcher.daemon.bootstrap.GradleDaemon", "gradle-daemon"),
    ("org.jboss.modules.Main", "wildfly"),
    ("org.logstash.Logstash", "logstash"),
    ("org.neo4j.server.CommunityEntryPoint", "neo4j"),
    ("org.neo4j.server.Neo4jCommunity", "neo4j"),
    ("org.opensearch.bootstrap.OpenSearch", "opensearch"),
    ("org.sonatype.nexus.karaf.NexusMain", "nexus"),
    ("weblogic.Server", "weblogic"),
];

/// Jars that start something known by another name.
const JARS: [(&str, &str); 4] = [
    ("jboss-modules", "wildfly"),
    ("activemq", "activemq"),
    ("surefirebooter", "surefire"),
    ("ws-server", "open-liberty"),
];

/// The main class of Tomcat.
const TOMCAT: &str = "org.apache.catalina.startup.Bootstrap";

/// What starts programs made with Quarkus.
const QUARKUS: &str = "io.quarkus.bootstrap.runner.QuarkusEntryPoint";

/// Classes that say nothing about the service; its package may.
const PLAIN: [&str; 12] = [
    "main",
    "mainkt",
    "app",
    "appkt",
    "application",
    "applicationkt",
    "bootstrap",
    "launcher",
    "runner",
    "server",
    "start",
    "starter",
];

/// Starters of Spring Boot that have no name of the service in them.
const SPRING_LOADER: &str = "org.springframework.boot.loader.";

impl Command {
    /// What the service is to be called: as somebody has named it, after the program, the jar or the main class.
    #[must_use]
    pub fn service_name(&self) -> Option<ServiceName> {
        if let Some(name) = self.given_name() {
            return plain(&name).map(|name| ServiceName { name, given: true });
        }
        let main = self.main();
        // A main class may stand behind its module.
        let class = main.rsplit('/').next().unwrap_or(main);
        let name = if class == TOMCAT {
            self.tomcat()
        } else if let Some((_, name)) = PROGRAMS.iter().find(|(known, _)| *known == class) {
            match self.property("weblogic.Name").filter(|_| *name == "weblogic") {
                Some(server) => server.to_owned(),
                None => (*name).to_owned(),
            }
        } else if let Some(archive) = class.strip_suffix(".jar").or_else(|| class.strip_suffix(".war")) {
            self.archive(archive)
        } else if class == QUARKUS && self.property("kc.home.dir").is_some() {
            "keycloak".to_owned()
        } else if class.starts_with(SPRING_LOADER) {
            "spring-boot".to_owned()
        } else {
            of_class(class).to_owned()
        };
        plain(&name).map(|name| ServiceName { name, given: false })
    }

    fn given_name(&self) -> Option<String> {
        let property = GIVEN.iter().find_map(|name| self.property(name));
        let attribute = || self.property("otel.resource.attributes").and_then(attribute);
        let argument = || {
            let mut arguments = self.arguments().split(' ');
            arguments.find_map(|argument| argument.strip_prefix("--spring.application.name="))
        };
        let name = property.or_else(attribute).or_else(argument)?;
        // Something to be filled in that was not.
        (!name.trim().is_empty() && !name.contains("${")).then(|| name.trim().to_owned())
    }

    /// Tomcat, by the name of its instance when that has one.
    fn tomcat(&self) -> String {
        let base =
            self.property("catalina.base").or_else(|| self.property("catalina.home")).unwrap_or_default();
        let instance = base.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        let stripped = without_version(instance);
        let lower = stripped.to_ascii_lowercase();
        let is_plain = lower
            .strip_prefix("apache-")
            .unwrap_or(&lower)
            .trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
        if matches!(is_plain, "" | "tomcat" | "catalina" | "base" | "home" | "current" | "default") {
            "tomcat".to_owned()
        } else {
            stripped.to_owned()
        }
    }

    fn archive(&self, name: &str) -> String {
        let name = without_version(name);
        if let Some((_, known)) = JARS.iter().find(|(jar, _)| *jar == name) {
            return (*known).to_owned();
        }
        if name == "start" {
            if self.property("solr.solr.home").or_else(|| self.property("solr.install.dir")).is_some() {
                return "solr".to_owned();
            }
            if self.property("jetty.home").or_else(|| self.property("jetty.base")).is_some() {
                return "jetty".to_owned();
            }
        }
        if name == "quarkus-run" && self.property("kc.home.dir").is_some() {
            return "keycloak".to_owned();
        }
        name.to_owned()
    }
}

/// The name of the service in the environment of a process (`/proc/<pid>/environ`), of which nothing else is kept.
#[must_use]
pub fn environment_name(environment: &[u8]) -> Option<ServiceName> {
    let variable = |name: &str| {
        let mut variables = environment.split(|byte| *byte == 0);
        variables.find_map(|variable| variable.strip_prefix(name.as_bytes())?.strip_prefix(b"="))
    };
    let text = |value| str::from_utf8(value).ok();
    let name = variable("OTEL_SERVICE_NAME").and_then(text).filter(|name| !name.trim().is_empty());
    let attributes = || variable("OTEL_RESOURCE_ATTRIBUTES").and_then(text).and_then(attribute);
    let name = name.or_else(attributes).or_else(|| variable("SPRING_APPLICATION_NAME").and_then(text))?;
    plain(name.trim()).map(|name| ServiceName { name, given: true })
}

/// `service.name` of a list of attributes.
fn attribute(list: &str) -> Option<&str> {
    list.split(',').find_map(|pair| pair.trim().strip_prefix("service.name=")).filter(|name| !name.is_empty())
}

/// The name in a main class: its last part, or that of its package.
fn of_class(class: &str) -> &str {
    let mut parts = class.rsplit('.');
    let last = parts.next().unwrap_or(class);
    if PLAIN.contains(&last.to_ascii_lowercase().as_str()) { parts.next().unwrap_or(last) } else { last }
}

/// What may follow the number of a version, or stand in its place.
const QUALIFIERS: [&str; 14] = [
    "all",
    "exec",
    "fat",
    "final",
    "ga",
    "jar",
    "release",
    "runner",
    "shaded",
    "snapshot",
    "uber",
    "dependencies",
    "with",
    "standalone",
];

/// `payment-service-1.4.2-SNAPSHOT` is `payment-service`.
fn without_version(name: &str) -> &str {
    let places = name.match_indices(['-', '_']).map(|(at, _)| at).filter(|at| *at > 0);
    for at in places {
        if name.get(at + 1..).is_some_and(is_version) {
            return name.get(..at).unwrap_or(name);
        }
    }
    name
}

/// Whether `text` is a version: numbers and words that belong to one.
fn is_version(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let text =
        text.strip_prefix('v').filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit())).unwrap_or(&text);
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.split(['-', '_', '.', '+']).all(|part| {
        let (letters, digits) = part.split_at(part.find(|c: char| c.is_ascii_digit()).unwrap_or(part.len()));
        match letters {
            "" | "rc" | "m" | "sp" | "cr" | "b" | "build" if is_number(digits) => true,
            "alpha" | "beta" => digits.is_empty() || is_number(digits),
            _ => QUALIFIERS.contains(&part) || is_hash(part),
        }
    })
}

/// Whether `part` is the abbreviated hash of a commit.
fn is_hash(part: &str) -> bool {
    part.len() >= 7
        && part.bytes().all(|byte| byte.is_ascii_hexdigit())
        && part.bytes().any(|byte| byte.is_ascii_digit())
}

/// A name without what does not belong in one.
fn plain(name: &str) -> Option<String> {
    let name: String = name.chars().filter(|c| !c.is_control()).take(LONGEST).collect();
    let name = name.trim();
    // Nobody's name: something of an address, or an argument.
    (!name.is_empty() && !name.contains('@')).then(|| name.to_owned())
}
