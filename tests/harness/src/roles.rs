//! The roles of the deployment template, kept in the tests: whatever a function does here, it does under the role that
//! it has in AWS.
//!
//! Its one rule: what a role does not grant is refused on the spot, in every test that goes through the house.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    sync::{Arc, LazyLock, Mutex},
};

use shared::{app::Ports, estate::manifest, http::routes, queue::QueueName, store::Key};
use standins::rights::{Access, CALL_OUT, Resource, witnessed};

/// What a statement grants: an action on a resource as the template spells it.
pub type Right = (String, String);

/// One function's role.
#[derive(Debug, Default)]
pub struct Role {
    /// With the partitions that it is narrowed to, where it is.
    pub rights: BTreeMap<Right, Option<Vec<String>>>,
}

tokio::task_local! {
    /// The function whose work is under way. What the test itself does is nobody's.
    static ACTING: &'static str;
}

/// Runs work as a function's. On the heap: the futures of whole requests, one in another, do not fit on the stack of a
/// test's thread.
pub fn acting<'a, T: 'a>(
    function: &'static str,
    work: impl Future<Output = T> + 'a,
) -> impl Future<Output = T> + 'a {
    ACTING.scope(function, Box::pin(work))
}

/// Runs a worker's work on a message of a queue.
pub fn working<'a, T: 'a>(
    queue: QueueName,
    work: impl Future<Output = T> + 'a,
) -> impl Future<Output = T> + 'a {
    acting(queue.as_str(), work)
}

/// The function that API Gateway hands a request to.
pub fn function_of(method: &str, path: &str) -> &'static str {
    let method = if method == "HEAD" { "GET" } else { method };
    let of = |method| routes::at(routes::as_routed(path)).find(|route| route.method.as_str() == method);
    // API Gateway routes paths, and some dialects take PUT for PATCH.
    let route =
        of(method).or_else(|| of("PATCH").filter(|route| method == "PUT" && route.dialect.put_is_patch));
    route.map_or("meta", |route| route.function)
}

/// What the functions of one house have made use of.
#[derive(Debug, Default)]
pub struct Ledger(Mutex<BTreeMap<&'static str, BTreeSet<Right>>>);

impl Ledger {
    /// Puts the roles in front of the ports, and keeps account.
    pub fn guard(self: &Arc<Self>, ports: Ports) -> Ports {
        let ledger = self.clone();
        witnessed(ports, Arc::new(move |access| ledger.enter(&access)))
    }

    pub fn used(&self) -> BTreeMap<&'static str, BTreeSet<Right>> {
        self.0.lock().unwrap().clone()
    }

    fn enter(&self, access: &Access) {
        if let (Resource::Table, Some(partition)) = (&access.resource, &access.partition) {
            is_listed(partition);
        }
        let Ok(function) = ACTING.try_with(|function| *function) else { return };
        let role = ROLES.get(function).unwrap_or_else(|| panic!("{function} has no role"));
        let right = role.grants(access).unwrap_or_else(|| {
            panic!(
                "the role of {function} lacks {} on {:?} {:?}",
                access.action, access.resource, access.partition
            )
        });
        self.0.lock().unwrap().entry(function).or_default().insert(right);
    }
}

impl Role {
    /// The right that allows a call.
    fn grants(&self, access: &Access) -> Option<Right> {
        let granted = self.rights.iter().find(|((action, resource), leading)| {
            let partition = access.partition.as_deref().unwrap_or_default();
            action == access.action
                && covers(resource, &access.resource)
                && leading.as_ref().is_none_or(|all| all.iter().any(|pattern| like(pattern, partition)))
        });
        granted.map(|(right, _)| right.clone())
    }
}

/// Whoever keeps something of an organization says so where it is restored, exported and erased.
fn is_listed(partition: &str) {
    let key = Key::from_parts(partition, "-");
    let (name, own) = (manifest::partition(&key), key.tenant().is_some());
    assert!(
        !own || manifest::kind(name).is_some(),
        "the manifest of an organization does not know {partition}"
    );
}

/// Whether a resource of the template is, or holds, what is asked for.
fn covers(granted: &str, asked: &Resource) -> bool {
    match asked {
        Resource::Table => granted == "!GetAtt Table.Arn",
        Resource::Index(name) => granted == format!("!Sub \"${{Table.Arn}}/index/{name}\""),
        Resource::Bucket => granted == "!GetAtt Bucket.Arn",
        Resource::Object(key) => {
            let pattern =
                granted.strip_prefix("!Sub \"${Bucket.Arn}/").and_then(|rest| rest.strip_suffix('"'));
            pattern.is_some_and(|pattern| like(pattern, key))
        }
        Resource::Key => granted == "!GetAtt Key.Arn",
        Resource::Queue(name) => granted == format!("!GetAtt {}Queue.Arn", logical(name.as_str())),
        Resource::Internet => granted == INTERNET,
    }
}

/// IAM's `StringLike`, of which the template uses the star.
fn like(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(rest) = text.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let mut rest = rest;
    let mut last = None;
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else { return false };
        // The last part stands at the end, wherever else it may stand.
        last = Some((rest, part));
        rest = after;
    }
    match last {
        None => rest.is_empty(),
        Some((before, part)) => before.ends_with(part),
    }
}

const INTERNET: &str = "the internet";

/// `token-usage` → `TokenUsage`.
fn logical(function: &str) -> String {
    function.split('-').map(|word| word[..1].to_uppercase() + &word[1..]).collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every function's role.
pub static ROLES: LazyLock<BTreeMap<String, Role>> = LazyLock::new(|| {
    let template = fs::read_to_string(root().join("template.yaml")).unwrap();
    let entries = fs::read_dir(root().join("functions")).unwrap().map(|entry| entry.unwrap().path());
    let functions = entries.filter(|path| path.join("Cargo.toml").exists());
    functions
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            let mut role = Role { rights: statements(&block(&template, &format!("{}Role", logical(&name)))) };
            let main = fs::read_to_string(path.join("src/main.rs")).unwrap();
            if main.contains("fit::http") {
                role.rights.insert((CALL_OUT.into(), INTERNET.into()), None);
            }
            (name, role)
        })
        .collect()
});

/// The lines of a resource of the template.
fn block(template: &str, name: &str) -> Vec<String> {
    let lines = template.lines().skip_while(|line| *line != format!("  {name}:")).skip(1);
    let block: Vec<_> = lines
        .take_while(|line| line.is_empty() || line.starts_with("   "))
        .filter(|line| !line.trim_start().starts_with('#'))
        .map(|line| line.trim().to_owned())
        .collect();
    assert!(!block.is_empty(), "the template has no {name}");
    block
}

/// The statements of a role's own policy. A line of another form fails here and is not misread.
fn statements(lines: &[String]) -> BTreeMap<Right, Option<Vec<String>>> {
    let own = lines.iter().position(|line| line == "Policies:").expect("a policy");
    let mut rights = BTreeMap::new();
    let mut add = |statement: &[String]| {
        let of = |name: &str| statement.iter().find_map(|line| line.strip_prefix(&format!("{name}: ")));
        let (actions, resource) = (of("Action").unwrap(), of("Resource").unwrap());
        assert!(resource.starts_with('!'), "no resource of the template: {resource}");
        let resource = made_here(resource);
        let leading = of("Condition").map(leading_keys);
        for action in list(actions) {
            let twice = rights.insert((action.clone(), resource.clone()), leading.clone());
            assert!(twice.is_none(), "granted twice: {action} on {resource}");
        }
    };
    let body = &lines[own..];
    let starts: Vec<_> =
        body.iter().enumerate().filter(|(_, line)| *line == "- Effect: Allow").map(|(at, _)| at).collect();
    let ends = starts.iter().skip(1).copied().chain([body.len()]);
    for (start, end) in starts.iter().zip(ends) {
        for line in &body[start + 1..end] {
            let known = ["Action: ", "Resource: ", "Condition: "].iter().any(|name| line.starts_with(name));
            assert!(known || line.is_empty(), "a statement of another form: {line}");
        }
        add(&body[start + 1..end]);
    }
    rights
}

/// What of the template's own a resource is, which may be one that was there before in its place.
fn made_here(resource: &str) -> String {
    let adopted = [
        ("!If [MakesTable, !GetAtt Table.Arn, !Ref AdoptTable]", "!GetAtt Table.Arn"),
        ("!If [MakesKey, !GetAtt Key.Arn, !Ref AdoptKey]", "!GetAtt Key.Arn"),
    ];
    let bucket = "\", { Of: !If [MakesBucket, !Ref Bucket, !Ref AdoptBucket] }]";
    let table = "\", { Of: !If [MakesTable, !GetAtt Table.Arn, !Ref AdoptTable] }]";
    let within = |head: &str, tail: &str| resource.strip_prefix(head)?.strip_suffix(tail);
    if let Some((_, own)) = adopted.iter().find(|(either, _)| *either == resource) {
        return (*own).to_owned();
    }
    match (within("!Sub [\"arn:${AWS::Partition}:s3:::${Of}", bucket), within("!Sub [\"${Of}", table)) {
        (Some(""), _) => "!GetAtt Bucket.Arn".to_owned(),
        (Some(objects), _) => format!("!Sub \"${{Bucket.Arn}}{objects}\""),
        (None, Some(index)) => format!("!Sub \"${{Table.Arn}}{index}\""),
        (None, None) => {
            let misses =
                ["Table", "Bucket", "Key"].iter().any(|one| resource.contains(&format!("{one}.Arn")));
            assert!(!misses, "an adopted one is not thought of: {resource}");
            resource.to_owned()
        }
    }
}

/// The partitions of a condition. `ForAllValues` is true of a request without keys, hence the second half.
fn leading_keys(condition: &str) -> Vec<String> {
    let keys = condition
        .strip_prefix("{ \"ForAllValues:StringLike\": { dynamodb:LeadingKeys: ")
        .and_then(|rest| rest.strip_suffix(" }, \"Null\": { dynamodb:LeadingKeys: \"false\" } }"));
    list(keys.unwrap_or_else(|| panic!("a condition of another form: {condition}")))
}

/// `a` or `[a, "b"]`.
fn list(text: &str) -> Vec<String> {
    let inner = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    inner.split(',').map(|one| one.trim().trim_matches('"').to_owned()).collect()
}

#[test]
fn patterns_match_as_iam_does() {
    for (pattern, text, expected) in [
        ("G#key#*", "G#key#abc", true),
        ("G#key#*", "G#email#abc", false),
        ("T#*#user", "T#7#user", true),
        ("T#*#user", "T#7#user#8", false),
        ("T#*#user", "T#7#user#user", true),
        ("T#*#session#*", "T#7#session#9", true),
        ("G#watermark#due", "G#watermark#due", true),
        ("G#watermark#due", "G#watermark#due2", false),
        ("*/payloads/*", "7/payloads/42", true),
        ("*/payloads/*", "7/pushes/42", false),
        ("*", "anything", true),
    ] {
        assert_eq!(like(pattern, text), expected, "{pattern} {text}");
    }
}

#[test]
fn the_role_of_a_function_is_that_of_its_route() {
    for (method, path, function) in [
        ("GET", "/api/leads/list", "leads"),
        ("GET", "/api/leads/view-config", "lead-setup"),
        ("HEAD", "/api/leads/42/", "leads"),
        ("DELETE", "/api/chats/1/messages/2", "records"),
        ("GET", "/nowhere", "meta"),
        ("PUT", "/api/leads/42", "meta"),
    ] {
        assert_eq!(function_of(method, path), function, "{method} {path}");
    }
}
