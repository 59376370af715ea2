package io.flm.launch.console;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import ai.djl.engine.EngineException;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import io.flm.data.UserException;
import io.flm.data.WriteErrors;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;

class FailureTest {
    @Test
    void theUsersFaultIsToldAsItIs() {
        Failure failure = Failure.of(new CompletionException(new UserException("a.tar: cut; fetch it again")));
        assertThat(failure).isEqualTo(new Failure("a.tar: cut; fetch it again", Failure.REFUSED, false));
        assertThat(failure.ofRun().exitCode()).isEqualTo(Failure.FAILED);
    }

    @Test
    void anyOtherFaultIsInternalAndStaysOnOneLine() {
        Failure failure = Failure.of(new IllegalStateException("two\n  lines"));
        assertThat(failure.line()).isEqualTo("internal error: java.lang.IllegalStateException: two lines");
        assertThat(failure.internal()).isTrue();
        assertThat(failure.exitCode()).isEqualTo(Failure.FAILED);
    }

    @Test
    void whatTheMachineLacksIsNamed() {
        assertThat(Failure.of(new OutOfMemoryError("Java heap space")).line())
                .startsWith("out of memory (Java heap space): start with a larger heap")
                .doesNotContain("flm.train");
        assertThat(Failure.of(new FileSystemException("run/x", null, "No space left on device"))
                        .line())
                .isEqualTo("run/x: the disk is full; make room and go on with --resume");
        assertThat(Failure.of(new UncheckedIOException(new IOException("No space left on device")))
                        .line())
                .contains("the disk is full");
        assertThat(Failure.of(new IllegalStateException(new IOException("Disk quota exceeded")))
                        .line())
                .contains("the disk quota is used up", "make room and go on with --resume");
        assertThat(WriteErrors.of(
                        Path.of("run/held-out.html"),
                        new FileSystemException("run/held-out.html.1.part", null, "No space left on device"),
                        "give another --html"))
                .hasMessage("run/held-out.html: cannot be written (the disk is full); make room");
        assertThat(WriteErrors.of(
                        Path.of("run/held-out.html"),
                        new AccessDeniedException("run/held-out.html.1.part"),
                        "give another --html"))
                .hasMessage("run/held-out.html: cannot be written (permission denied); give another --html");
        assertThat(Failure.of(new NoSuchFileException("x.tar")).line()).isEqualTo("x.tar: no such file or folder");
        assertThat(Failure.of(new InvalidPathException("a?.tar", "unmappable characters"))
                        .line())
                .isEqualTo("a?.tar: not a path here (unmappable characters); give another name, or set LC_ALL=C.UTF-8");
        Failure natives = Failure.of(new ExceptionInInitializerError(new UnsatisfiedLinkError("libtorch.so")));
        assertThat(natives.line()).contains("libtorch.so").contains("flm doctor");
        assertThat(natives.internal()).isFalse();
    }

    @Test
    void theEnginesWantOfMemoryIsNoInternalError() {
        Failure failure = Failure.of(new EngineException("CUDA out of memory. Tried to allocate 20.00 GiB."));
        assertThat(failure.line())
                .startsWith("out of memory (CUDA out of memory.)")
                .contains("flm.train.recompute");
        assertThat(failure.internal()).isFalse();
    }

    @Test
    void aWrongTypeThatOnlyItsReaderNoticesNamesTheKey() {
        ConfigException wrong = catchThrowableOfType(
                ConfigException.class,
                () -> ConfigFactory.parseString("flm.train.lanes = many").getInt("flm.train.lanes"));
        assertThat(Failure.of(wrong).line()).contains("flm.train.lanes");
        assertThat(Failure.of(wrong).exitCode()).isEqualTo(Failure.REFUSED);
    }
}
