/**
 * The terminal and the log. {@link io.flm.launch.console.Screen} shows lines and one status line, {@link
 * io.flm.launch.console.Waiting} says what is being waited for, {@link io.flm.launch.console.Failure} makes one line and an exit
 * code of an error, {@link io.flm.launch.console.LogFiles} keeps the stack traces, for people or for programs. Results go through {@link
 * io.flm.launch.console.PlainOutput}.
 */
@NullMarked
package io.flm.launch.console;

import org.jspecify.annotations.NullMarked;
