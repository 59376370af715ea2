package io.flm.launch.command;

import io.flm.data.RemotePath;
import io.flm.launch.console.Program;
import io.flm.launch.console.Screen;
import io.flm.launch.run.FreeMemory;
import io.flm.launch.submit.Pretraining;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * What a command sees of the world: a test gives it another one.
 *
 * @param out results only
 * @param screen messages and progress
 * @param folder what relative paths of the command line count from
 * @param home the repository, where the presets' data lie
 * @param nanoTime a clock for rates and remaining times
 * @param memory what this process can have
 * @param program how it is called
 * @param starter what {@code pretrain} starts
 */
public record Environment(
        PrintStream out,
        Screen screen,
        Path folder,
        Path home,
        LongSupplier nanoTime,
        Supplier<FreeMemory> memory,
        Program program,
        Pretraining.Starter starter) {

    /** A path of the command line; an address stays as it is. */
    Path resolve(Path path) {
        return RemotePath.isRemote(path) ? path : folder.resolve(path).normalize();
    }

    /** A sentence that the user should act on. */
    void warn(String sentence) {
        say("warning: " + sentence);
    }

    /** A sentence for the user. */
    void say(String sentence) {
        screen.say(sentence);
    }
}
