/**
 * The run over HTTP, the same on any node. {@link io.flm.coordinator.http.HttpEndpoint} has the routes: questions and orders become
 * messages to the {@link io.flm.coordinator.Coordinator}, {@link io.flm.coordinator.http.Submission} a plan. {@code HttpConnections}
 * bounds who may hold connections open. {@code HttpAccess} says who is let in: by {@code Tokens} and their roles, by {@code
 * SessionCookies} for browsers, by what {@code Sender} tells of the page that asks; {@code AuditLog} notes the orders. {@code NodeTls}
 * shows the node's certificate. docs/http.md has the interface, and {@code openapi.json} in a form for programs.
 */
@NullMarked
package io.flm.coordinator.http;

import org.jspecify.annotations.NullMarked;
