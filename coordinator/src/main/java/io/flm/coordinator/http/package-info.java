/**
 * The run over HTTP, the same on any node. {@link io.flm.coordinator.http.HttpEndpoint} has the routes: questions and orders become
 * messages to the {@link io.flm.coordinator.Coordinator}, {@link io.flm.coordinator.http.Submission} a plan. {@code HttpConnections}
 * bounds who may hold connections open. docs/http.md has the interface.
 */
@NullMarked
package io.flm.coordinator.http;

import org.jspecify.annotations.NullMarked;
