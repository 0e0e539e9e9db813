//! What an instance consists of: its `catalina.base`.

use std::env;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::instance::Tomcat;
use crate::jvm::{Java, skipped};
use crate::ports;

/// The user of the manager application, who may see its pages, and the password.
pub(super) const USER: (&str, &str) = ("watch", "s3cret-of-tests");

/// How an instance is set up.
#[derive(Clone, Debug)]
pub struct Base {
    java: Java,
    home: PathBuf,
    pattern: String,
    more: String,
    connector: &'static str,
}

impl Base {
    /// An instance whose access log is written at once in the pattern `combined` with `%D`; nothing and a word about it where there is
    /// no Tomcat.
    #[must_use]
    pub fn new() -> Option<Self> {
        let java = Java::of(17)?;
        let Some(home) = env::var_os("EDGEWATCH_TOMCAT").map(PathBuf::from) else {
            skipped("a story with Tomcat: EDGEWATCH_TOMCAT does not name its home");
            return None;
        };
        let pattern = "%h %l %u %t \"%r\" %s %b %D \"%{Referer}i\" \"%{User-Agent}i\"".to_owned();
        Some(Self { java, home, pattern, more: "buffered=\"false\"".to_owned(), connector: LOCAL })
    }

    /// Writes the access log in this pattern.
    #[must_use]
    pub fn pattern(mut self, pattern: &str) -> Self {
        pattern.clone_into(&mut self.pattern);
        self
    }

    /// Other attributes of the valve than `buffered="false"`.
    #[must_use]
    pub fn valve(mut self, attributes: &str) -> Self {
        attributes.clone_into(&mut self.more);
        self
    }

    /// Lets its connector listen on all addresses and a port of four digits, so that the kernel's short names of its threads tell all.
    #[must_use]
    pub fn with_short_names(mut self) -> Self {
        self.connector = "";
        self
    }

    /// Starts it and waits until it serves.
    ///
    /// # Errors
    /// When it does not; the error contains what it wrote.
    pub async fn start(self) -> anyhow::Result<Tomcat> {
        let folder = TempDir::with_prefix_in("edgewatch-tomcat-", "/var/tmp")?;
        let address = if self.connector == LOCAL { ports::free()? } else { ports::free_of_four_digits()? };
        self.write(folder.path(), address)?;
        Tomcat::start(&self.java, &self.home, folder, address).await
    }

    fn write(&self, base: &Path, address: SocketAddr) -> anyhow::Result<()> {
        for name in ["conf/Catalina/localhost", "logs", "temp", "work", "webapps/ROOT"] {
            fs::create_dir_all(base.join(name))?;
        }
        // Debian's home has templates only, that of the project has its own instance.
        let templates = ["skel/conf", "conf"].map(|name| self.home.join(name));
        let conf = base.join("conf");
        for name in ["catalina.properties", "context.xml", "logging.properties", "web.xml"] {
            let found = templates.iter().map(|folder| folder.join(name)).find(|path| path.exists());
            fs::copy(found.unwrap_or_default(), conf.join(name))?;
        }
        let (user, password) = USER;
        let users = format!(
            "<tomcat-users><user username=\"{user}\" password=\"{password}\" roles=\"manager-status,manager-jmx\"/></tomcat-users>"
        );
        fs::write(conf.join("tomcat-users.xml"), users)?;
        let manager = [PathBuf::from("/usr/share/tomcat10-admin/manager"), self.home.join("webapps/manager")];
        if let Some(path) = manager.iter().find(|path| path.exists()) {
            let context = format!("<Context docBase=\"{}\" privileged=\"true\"/>", path.display());
            fs::write(conf.join("Catalina/localhost/manager.xml"), context)?;
        }
        let pattern = self.pattern.replace('&', "&amp;").replace('"', "&quot;");
        let server = SERVER
            .replace("{connector}", self.connector)
            .replace("{port}", &address.port().to_string())
            .replace("{pattern}", &pattern)
            .replace("{more}", &self.more);
        fs::write(conf.join("server.xml"), server)?;
        let root = base.join("webapps/ROOT");
        fs::write(root.join("small.txt"), SMALL)?;
        fs::write(root.join("large.bin"), vec![b'x'; 4 << 20])?;
        fs::write(root.join("boom.jsp"), BOOM)?;
        Ok(fs::write(root.join("slow.jsp"), SLOW)?)
    }
}

const LOCAL: &str = "address=\"127.0.0.1\"";

const SMALL: &str = "a small file\n";

/// Fails with a cause whose message has several lines, one of which looks like nothing in particular. Tomcat logs the cause.
const BOOM: &str = "<%! private void fail(String id) {
    throw new IllegalStateException(\"outer\", new IllegalArgumentException(\"boom \" + id + \"\\nsecond line\\n\\nfourth line\"));
} %><% fail(request.getParameter(\"id\")); %>";

const SLOW: &str = "<% Thread.sleep(Long.parseLong(request.getParameter(\"ms\"))); %>done";

const SERVER: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<Server port="-1" shutdown="SHUTDOWN">
  <Listener className="org.apache.catalina.startup.VersionLoggerListener" />
  <GlobalNamingResources>
    <Resource name="UserDatabase" auth="Container" type="org.apache.catalina.UserDatabase"
              factory="org.apache.catalina.users.MemoryUserDatabaseFactory" pathname="conf/tomcat-users.xml" />
  </GlobalNamingResources>
  <Service name="Catalina">
    <!-- Not this one: <Connector port="1" /> -->
    <Connector {connector} port="{port}" protocol="HTTP/1.1" connectionTimeout="20000" />
    <Engine name="Catalina" defaultHost="localhost">
      <Realm className="org.apache.catalina.realm.UserDatabaseRealm" resourceName="UserDatabase"/>
      <Host name="localhost" appBase="webapps" unpackWARs="true" autoDeploy="false">
        <Valve className="org.apache.catalina.valves.AccessLogValve" directory="logs"
               prefix="localhost_access_log" suffix=".txt" pattern="{pattern}" {more} />
      </Host>
    </Engine>
  </Service>
</Server>
"#;
