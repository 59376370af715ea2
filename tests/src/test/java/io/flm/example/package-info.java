/** An objective and a task that nobody needs, as small as they can be: {@code docs/extending.md} is about them. */
@NullMarked
package io.flm.example;

import org.jspecify.annotations.NullMarked;
