//! `mz.http` and `mz.notify` against a service on a real socket.

use crate::harness::World;
use crate::harness::service::Service;
use crate::harness::told::Told;

/// Runs the body of a recipe; `SERVICE` is in its environment, and a secret word.
fn run(world: &World, service: &Service, body: &str, more: &[&str]) -> Told {
    world.write(&format!(
        "-- file: call.lua\n-- call: calls a service.\nreturn mz.recipe {{\n  api = 1, name = 'call', summary = 'Calls.',\n  run = function(ctx)\n    local service = mz.env('SERVICE')\n    {body}\n  end,\n}}\n"
    ));
    world.secret(SECRET);
    let mut command = world.command(&[&["run", "call.lua"], more].concat());
    let output = command.env("SERVICE", service.url()).env("WORD", SECRET).output().expect("the binary runs");
    Told::new(world, output.status.code(), &output.stdout, &output.stderr)
}

const SECRET: &str = "hunter2";

#[test]
fn an_answer_as_a_table() {
    let world = World::new();
    let answer = Service::answer(
        "201 Created",
        "X-Trace: a\r\nx-trace: b\r\ncontent-type: application/json\r\n",
        r#"{"ok":true,"none":null,"list":[1,2]}"#,
    );
    let service = Service::new(&[&answer]);
    run(
        &world,
        &service,
        "local r = mz.http { url = service .. '/deployments?token=' .. mz.env('WORD'), method = 'POST', \
           headers = { authorization = 'Bearer ' .. mz.env('WORD'), ['x-count'] = 3 }, json = { id = 'one', n = 1 } } \
         mz.log(r.status .. ' ' .. r.headers['x-trace'] .. ' ' .. tostring(r.json.ok) .. ' ' .. tostring(r.json.none) .. ' ' .. r.json.list[2]) \
         mz.log('body ' .. #r.body)",
        &[],
    )
    .code(0)
    .says("201 a, b true nil 2")
    .says("body 36")
    .says("POST http://127.0.0.1:")
    .never_says(SECRET)
    .never_says("/deployments");
    let asked = service.asked();
    assert!(asked[0].head.starts_with("POST /deployments?token=hunter2 HTTP/1.1"), "{}", asked[0].head);
    for header in [
        "authorization: Bearer hunter2",
        "x-count: 3",
        "content-type: application/json",
        "user-agent: mzflow/",
    ] {
        assert!(
            asked[0].head.to_lowercase().contains(&header.to_lowercase()),
            "{header} in {}",
            asked[0].head
        );
    }
    assert_eq!(asked[0].body, r#"{"id":"one","n":1}"#);
}

#[test]
fn what_passes_is_tried_again() {
    let world = World::new();
    let (bad, busy, good) = (
        Service::answer("503 Down", "", ""),
        Service::answer("429 Busy", "", ""),
        Service::answer("200 OK", "", "x"),
    );
    let service = Service::new(&[&bad, &busy, &good]);
    run(&world, &service, "mz.log('status ' .. mz.http { url = service }.status)", &[])
        .code(0)
        .says("status 200")
        .says("3 attempts");
    assert_eq!(service.asked().len(), 3);
    // What could be done twice is not repeated, unless it is asked for.
    let service = Service::new(&[&bad, &good]);
    run(&world, &service, "mz.log('status ' .. mz.http { url = service, method = 'POST' }.status)", &[])
        .code(0)
        .says("status 503");
    assert_eq!(service.asked().len(), 1);
    let service = Service::new(&[&bad, &good]);
    run(
        &world,
        &service,
        "mz.log('status ' .. mz.http { url = service, method = 'POST', retries = 1 }.status)",
        &[],
    )
    .code(0)
    .says("status 200");
    // A status that will stay is an answer.
    let service = Service::new(&[&Service::answer("404 Not Found", "", "")]);
    run(&world, &service, "mz.log('status ' .. mz.http { url = service }.status)", &[])
        .code(0)
        .says("status 404")
        .never_says("attempts");
}

#[test]
fn nobody_there_is_an_error_without_secrets() {
    let world = World::new();
    let service = Service::new(&[]);
    let body = "mz.http { url = 'http://user:' .. mz.env('WORD') .. '@127.0.0.1:1/' .. mz.env('WORD') .. '?t=' .. mz.env('WORD'), retries = 1 }";
    let told = run(&world, &service, body, &["--json"]).code(1);
    told.says("http.failed").says("http://127.0.0.1:1 cannot be reached").says("call.lua").never_says(SECRET);
    let told = run(&world, &service, "mz.http { url = service, timeout = 0.2 }", &[]).code(1);
    told.says("[http.failed]").says("has not answered within");
    let told = run(
        &world,
        &service,
        "local ok, e = pcall(mz.http, { url = service, timeout = 0.2 }) mz.log(e.code .. ' ' .. e.kind)",
        &[],
    );
    told.code(0).says("http.failed failed");
}

#[test]
fn only_hosts_that_are_allowed() {
    let world = World::new();
    let service = Service::new(&[&Service::answer("200 OK", "", "x")]);
    let told = run(&world, &service, "mz.http { url = 'https://hooks.example.com/' .. mz.env('WORD') }", &[])
        .code(3);
    let told = told.says("[http.not-allowed]").says("without a profile only this machine may be called");
    told.says("allow_hosts").never_says(SECRET);
    let told =
        run(&world, &service, "mz.http { url = 'https://hooks.example.com/' }", &["--dry-run"]).code(3);
    told.says("[http.not-allowed]");
    let told = run(&world, &service, "mz.http { url = 'ftp://' .. mz.env('WORD') }", &[]).code(1);
    told.says("[http.wrong-request]").never_says(SECRET);
    // A profile lists what may be called, and nothing else, not even this machine.
    let port = service.url().rsplit(':').next().expect("it has a port").to_owned();
    let profile = |hosts: &str| {
        let (host, number) = (world.address().ip(), world.address().port());
        format!(
            "-- file: profiles/profiles.toml\n[prod]\nhost = \"{host}\"\nport = {number}\nusername = \"materialize\"\nallow_hosts = [{hosts}]\n"
        )
    };
    let call = |hosts: &str, url: &str| {
        world.write(&profile(hosts));
        let body = format!("mz.log('status ' .. mz.http {{ url = '{url}' }}.status)");
        run(&world, &service, &body, &["--profile", "prod", "--profiles-dir", "profiles"])
    };
    let url = service.url();
    call(&format!("\"*.example.com\", \"127.0.0.1:{port}\""), &url).code(0).says("status 200");
    call("\"*.example.com\"", &url).code(3).says("profile `prod` does not allow `127.0.0.1:");
    call("\"*.example.com\"", "http://api.example.com").code(1).says("is called with https:// only");
    call("\"https://example.com\"", &url).code(2).says("[profile.invalid]").says("in allow_hosts is no host");
}

#[test]
fn where_an_answer_leads() {
    let world = World::new();
    let leads = |to: &str| Service::answer("302 Found", &format!("location: {to}\r\n"), "");
    let service = Service::new(&[&leads("/there?t=hunter2"), &Service::answer("200 OK", "", "found")]);
    run(&world, &service, "mz.log(mz.http { url = service }.body)", &[])
        .code(0)
        .says("found")
        .never_says(SECRET);
    let other = Service::new(&[&Service::answer("200 OK", "", "stolen")]);
    let service = Service::new(&[&leads(&format!("{}/?t=hunter2", other.url()))]);
    let told =
        run(&world, &service, "mz.http { url = service, headers = { authorization = mz.env('WORD') } }", &[])
            .code(1);
    told.says("[http.failed]").says("is not followed: it leads to another host").never_says(SECRET);
    assert!(other.asked().is_empty());
    let service = Service::new(&[&leads("/again")]);
    run(&world, &service, "mz.http { url = service }", &[]).code(1).says("it leads on and on");
    assert_eq!(service.asked().len(), 6);
}

#[test]
fn an_answer_that_is_too_long() {
    let world = World::new();
    let most = Service::answer("200 OK", "", &"x".repeat(1024 * 1024));
    let service = Service::new(&[&most]);
    run(&world, &service, "mz.log('got ' .. #mz.http { url = service }.body)", &[])
        .code(0)
        .says("got 1048576");
    let service = Service::new(&[&Service::answer("200 OK", "", &"x".repeat(1024 * 1024 + 1))]);
    run(&world, &service, "mz.http { url = service }", &[]).code(1).says("is longer than 1 MiB");
}

#[test]
fn requests_that_cannot_be_sent() {
    let world = World::new();
    let service = Service::new(&[&Service::answer("200 OK", "", "")]);
    for (call, said) in [
        ("json = 1, body = 'x', method = 'POST'", "either `json` or `body`"),
        ("body = 'x'", "needs another method"),
        ("headers = { host = 'x' }", "header `host` cannot be set"),
        ("headers = { ['a b'] = 'x' }", "is no name of a header"),
        ("headers = { a = mz.env('WORD') .. '\\n' }", "the value of header `a` has a character"),
        ("headers = { a = {} }", "header `a` has to be a string"),
        ("retries = -1", "`retries` has to be from 0 to 20"),
        ("method = 'STEAL'", "`method` of mz.http has to be"),
        ("heders = {}", "did you mean `headers`?"),
    ] {
        run(&world, &service, &format!("mz.http {{ url = service, {call} }}"), &[])
            .code(1)
            .says(said)
            .says("call.lua:6")
            .never_says(SECRET);
    }
    assert!(service.asked().is_empty());
}

#[test]
fn a_message_to_people() {
    let world = World::new();
    let service = Service::new(&[&Service::answer("200 OK", "", "ok")]);
    let told = run(
        &world,
        &service,
        "mz.log(tostring(mz.notify { webhook = service .. '/' .. mz.env('WORD'), text = 'one is production', fields = { channel = 'ops' } }))",
        &[],
    );
    told.code(0).says(r#"{"sent":true,"status":200}"#).never_says(SECRET);
    assert_eq!(service.asked()[0].body, r#"{"channel":"ops","text":"one is production"}"#);
    let service = Service::new(&[&Service::answer("403 No", "", "hunter2")]);
    let told =
        run(&world, &service, "mz.log(tostring(mz.notify { webhook = service, text = 'x' }))", &[]).code(0);
    told.says("warning[http.failed]")
        .says("has answered with status 403")
        .says(r#"{"sent":false}"#)
        .never_says(SECRET);
    run(&world, &service, "mz.notify { webhook = service, text = 'x', required = true }", &[])
        .code(1)
        .says("[http.failed]");
    run(&world, &service, "mz.notify { webhook = mz.env('NOWHERE'), text = 'x' }", &[])
        .code(1)
        .says("mz.notify needs `webhook`");
    let told = run(
        &world,
        &service,
        "mz.log(tostring(mz.notify { webhook = 'https://hooks.example.com/x', text = 'x' }))",
        &[],
    )
    .code(0);
    told.says("warning[http.not-allowed]");
    let before = service.asked().len();
    let told = run(
        &world,
        &service,
        "mz.notify { webhook = service, text = 'x' } mz.log('status ' .. mz.http { url = service }.status)",
        &["--dry-run"],
    )
    .code(0);
    told.says("would send POST to http://127.0.0.1:").says("would send GET to").says("status 200");
    assert_eq!(service.asked().len(), before);
}

#[test]
fn ctrl_c_ends_a_request() {
    let world = World::new();
    let service = Service::new(&[]);
    world.write("-- file: wait.lua\n-- wait: for what never comes.\nreturn mz.recipe {\n  api = 1, name = 'wait', summary = 'Waits.',\n  run = function(ctx) mz.parallel { function() mz.http { url = mz.env('SERVICE'), timeout = '1h' } end, function() mz.http { url = mz.env('SERVICE'), timeout = '1h' } end } end,\n}\n");
    let running = world.start_with(&["run", "wait.lua"], &[("SERVICE", &service.url())]);
    world.until("both ask", || service.asked().len() == 2);
    running.interrupt();
    running.end(&world).code(130).says("[run.interrupted]");
}

#[test]
fn requests_of_branches_overlap_and_end_with_a_failure() {
    let world = World::new();
    let service = Service::new(&[]);
    let told = run(
        &world,
        &service,
        "mz.parallel { function() mz.http { url = service, timeout = '1h' } end, function() mz.sleep(0.2) error('enough') end }",
        &[],
    );
    told.code(1).says("enough").never_says("cancelled");
}

#[test]
fn a_service_as_a_check() {
    let world = World::new();
    let answer =
        Service::answer("200 OK", "", r#"{"data":{"rates":[{"errors":0.02}],"ok":true,"none":null}}"#);
    let service = Service::new(&[&answer]);
    for (arguments, said) in [
        ("", "pass status 200"),
        ("expect_status = 204", "fail status 200, and 204 is expected"),
        ("json_path = 'data.rates[0].errors', expect = { max = 0.05 }", "pass data.rates[0].errors: 0.02"),
        (
            "json_path = 'data.rates[0].errors', expect = { max = 0.01 }",
            "fail data.rates[0].errors: 0.02, and at most 0.01 is expected",
        ),
        ("json_path = 'data.ok', expect = true", "pass data.ok: true"),
        ("json_path = 'data.none', expect = true", "inconclusive data.none: NULL"),
        ("json_path = 'data.gone', expect = true", "inconclusive the answer has no `data.gone`"),
        ("json_path = 'data', expect = 1", "error data: "),
    ] {
        let body = format!(
            "local r = mz.check.run(mz.check.http {{ url = service .. '/' .. mz.env('WORD'), {arguments} }}) mz.log(r.verdict .. ' ' .. r.message)"
        );
        run(&world, &service, &body, &[]).code(0).says(said).never_says(SECRET);
    }
    let body = "local r = mz.check.run(mz.check.http { url = 'http://127.0.0.1:1/', retries = 0 }) mz.log(r.verdict .. ' ' .. r.message)";
    run(&world, &service, body, &[]).code(0).says("error http.failed: http://127.0.0.1:1 cannot be reached");
    let body = "mz.check.http { url = service, json_path = 'a' }";
    run(&world, &service, body, &[])
        .code(1)
        .says("takes `json_path` and `expect` together")
        .says("call.lua:6");
    let body = "local r = mz.analyze { interval = 0.01, count = 3, checks = { mz.check.http { url = service } } } mz.log(r.verdict .. ' after ' .. r.samples)";
    run(&world, &service, body, &[]).code(0).says("pass after 3");
    let before = service.asked().len();
    run(&world, &service, "mz.check.run(mz.check.http { url = service })", &["--dry-run"]).code(0);
    assert_eq!(service.asked().len(), before);
}
