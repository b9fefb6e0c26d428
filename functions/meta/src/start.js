const chosen = new URLSearchParams(location.search).get("dialect") || "a";
const choice = document.getElementById("dialect");
choice.value = chosen;
choice.addEventListener("change", () => {
  location.search = "?dialect=" + choice.value;
});

window.ui = SwaggerUIBundle({
  url: /^[a-e]$/.test(chosen) ? "openapi/" + chosen + ".json" : "openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  persistAuthorization: true,
  tryItOutEnabled: true,
  displayRequestDuration: true,
  validatorUrl: null,
  // Somebody who logged in here is known by a cookie, which changes nothing without this header.
  requestInterceptor: (request) => {
    const token = document.cookie.match(/(?:^|; )(?:__Host-)?baton_csrf=([^;]+)/);
    if (token) request.headers["X-CSRF-Token"] = token[1];
    return request;
  },
});
