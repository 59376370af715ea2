/**
 * Actors whose turns one thread takes, one after the other, in time that passes as that thread says: what they do depends on
 * nothing else, so the same messages lead to the same history. Read {@link io.flm.virtual.VirtualActors}.
 */
@NullMarked
package io.flm.virtual;

import org.jspecify.annotations.NullMarked;
