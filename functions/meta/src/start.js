window.ui = SwaggerUIBundle({
  url: "openapi.json",
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
