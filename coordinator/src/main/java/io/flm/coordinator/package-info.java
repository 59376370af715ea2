/**
 * The coordinator: the cluster singleton that forms generations of workers, and its HTTP endpoint.
 *
 * <p>It acts on change only: no step waits for it.
 */
@NullMarked
package io.flm.coordinator;

import org.jspecify.annotations.NullMarked;
