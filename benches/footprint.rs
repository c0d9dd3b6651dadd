//! What a large stage costs the machine it runs on: processor time and memory of the process.
//!
//! Staging 1,000 objects, the sandbox in another process's time. Targets, optimised: 300 ms of
//! processor time, 150 MB at the peak; and 20 KB for each object that is compiled, told by what
//! 8,000 more of them take. Linux tells both; elsewhere there is nothing to measure.

#![expect(clippy::expect_used, reason = "a bench that cannot go on fails")]

use std::process::Child;
use std::process::Command;
use std::process::Stdio;

use mzflow::sandbox::Options;
use mzflow::sandbox::Server;
use tempfile::TempDir;

mod generated;

fn main() {
    if !cfg!(target_os = "linux") {
        println!("footprint: only Linux tells the peak memory of a process");
        return;
    }
    compile();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().thread_stack_size(16 << 20).enable_all().build();
    let runtime = runtime.expect("a runtime");
    let server = runtime.block_on(Server::start(Options::default())).expect("the sandbox starts");
    let url = format!("postgres://materialize@{}/materialize", server.address());
    let folder = project(1_000);
    for arguments in [&["compile"][..], &["apply"], &["stage", "--id", "large"]] {
        let (cpu_ms, peak_kb) = watched(mzflow(&folder, arguments, Some(&url)));
        let peak_mb = peak_kb / 1024;
        println!("{:<20} {cpu_ms:>6} ms of processor time {peak_mb:>6} MB at the peak", arguments.join(" "));
    }
    runtime.block_on(server.shutdown());
}

/// Compiles projects of two sizes and tells what an object takes.
fn compile() {
    let peaks = [2_000, 10_000].map(|objects| {
        let (cpu_ms, peak_kb) = watched(mzflow(&project(objects), &["compile"], None));
        let peak_mb = peak_kb / 1024;
        let what = format!("compile of {objects}");
        println!("{what:<20} {cpu_ms:>6} ms of processor time {peak_mb:>6} MB at the peak");
        peak_kb
    });
    let [small, large] = peaks;
    let each = large.saturating_sub(small) * 10 / 8_000;
    println!("an object takes {}.{} KB", each / 10, each % 10);
}

/// A generated project on the disk.
fn project(objects: usize) -> TempDir {
    let folder = TempDir::new().expect("a folder");
    for file in generated::project(objects) {
        let path = folder.path().join(file.path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, &*file.text).expect("a file");
    }
    folder
}

fn mzflow(folder: &TempDir, arguments: &[&str], url: Option<&str>) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mzflow"));
    command.args(arguments).current_dir(folder.path()).stdin(Stdio::null());
    command.envs(url.map(|url| ("MZFLOW_URL", url)));
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the binary starts")
}

/// Watches a process until it ends: its processor time in ms and its peak memory in KB.
fn watched(mut child: Child) -> (u64, u64) {
    // A tick of the kernel's clock, which has been 10 ms for as long as Linux tells it there.
    const TICK_MS: u64 = 10;
    let (mut ticks, mut peak_kb) = (0, 0);
    let folder = format!("/proc/{}", child.id());
    loop {
        if let Ok(status) = std::fs::read_to_string(format!("{folder}/status")) {
            let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
            peak_kb = number.unwrap_or(peak_kb);
        }
        // An ended process keeps its times until somebody asks how it ended.
        let stat = std::fs::read_to_string(format!("{folder}/stat")).unwrap_or_default();
        let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
        let time = |at: usize| fields.get(at).and_then(|field| field.parse::<u64>().ok()).unwrap_or(0);
        ticks = ticks.max(time(11) + time(12));
        if fields.first() == Some(&"Z") {
            let status = child.wait().expect("it has ended");
            assert!(status.success(), "it failed");
            return (ticks * TICK_MS, peak_kb);
        }
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
}
