// Sets how durable PocketBase's commits are, and answers with what SQLite then says it is (1 NORMAL, 2 FULL).
//
// All writes go through one connection; the setting is that connection's, and is gone when it was closed for idleness.
routerAdd("POST", "/bench/synchronous/{level}", (e) => {
    const level = e.request.pathValue("level");
    if (level !== "FULL" && level !== "NORMAL") {
        throw new BadRequestError("FULL or NORMAL");
    }
    $app.nonconcurrentDB().newQuery(`PRAGMA synchronous = ${level}`).execute();
    const now = new DynamicModel({ synchronous: 0 });
    $app.nonconcurrentDB().newQuery("PRAGMA synchronous").one(now);
    return e.json(200, { synchronous: now.synchronous });
}, $apis.requireSuperuserAuth());
