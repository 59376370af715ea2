/**
 * The commands of {@code flm}, a class each: {@link io.flm.launch.command.FlmCommand} lists them, {@link
 * io.flm.launch.command.Cli} runs one to its exit code. A command reads its options, checks them and calls one of the packages
 * below; options that several commands have are classes of their own ({@link io.flm.launch.command.ConfigOptions}, {@link
 * io.flm.launch.command.NodeOptions}). What a command sees of the world is {@link io.flm.launch.command.Environment}, which tests
 * replace.
 */
@NullMarked
package io.flm.launch.command;

import org.jspecify.annotations.NullMarked;
