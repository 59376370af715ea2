/**
 * Files in folders that somebody else may be able to write: {@link io.flm.launch.files.PlainFile} reads and writes without
 * following links, {@link io.flm.data.Ownership} says whose a file is.
 */
@NullMarked
package io.flm.launch.files;

import org.jspecify.annotations.NullMarked;
