const chosen = new URLSearchParams(location.search).get("dialect") || "a";
const known = /^[a-e]$/.test(chosen);
const choice = document.getElementById("dialect");
choice.value = known ? chosen : "a";
choice.addEventListener("change", () => {
  location.search = "?dialect=" + choice.value;
});

window.ui = SwaggerUIBundle({
  url: known ? "openapi/" + chosen + ".json" : "openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  persistAuthorization: true,
  tryItOutEnabled: true,
  displayRequestDuration: true,
  validatorUrl: null,
  // What is read here is tried in the same dialect, however the credential is sent. Somebody who logged in here is known by a cookie, which changes nothing without this header.
  requestInterceptor: (request) => {
    if (known) request.headers["X-Api-Dialect"] = chosen;
    const token = document.cookie.match(/(?:^|; )(?:__Host-)?baton_csrf=([^;]+)/);
    if (token) request.headers["X-CSRF-Token"] = token[1];
    return request;
  },
});
