package io.flm.launch.console;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import io.flm.coordinator.http.NodeRecords.LogLine;
import org.junit.jupiter.api.Test;

class RecentLogTest {
    private final LoggerContext context = new LoggerContext();
    private final RecentLog recent = new RecentLog(3);

    private Logger logger() {
        recent.setContext(context);
        recent.start();
        Logger logger = context.getLogger("io.flm.data.BadSamples");
        logger.addAppender(recent);
        return logger;
    }

    @Test
    void theNewestLinesAreKept() {
        Logger logger = logger();
        for (int i = 0; i < 10; i++) {
            logger.warn("line {}", i);
        }
        assertThat(recent.kept()).extracting(LogLine::text).containsExactly("line 7", "line 8", "line 9");
        assertThat(recent.kept().get(0).level()).isEqualTo(Level.WARN.toString());
        assertThat(recent.kept().get(0).from()).isEqualTo("BadSamples");
        assertThat(recent.kept().get(0).at()).isPositive();
    }

    @Test
    void aLineIsCutBetweenLetters() {
        logger().info("x".repeat(999) + "\ud83d\udc69 and more");
        assertThat(recent.kept()).extracting(LogLine::text).containsExactly("x".repeat(999) + " ...");
    }

    @Test
    void aLineIsOneShortAndWithoutControlsAndStackTraces() {
        Logger logger = logger();
        logger.info("a\u001b[31m\nb\u202ec {}", "x".repeat(5000), new IllegalStateException("deep"));
        assertThat(recent.kept())
                .singleElement()
                .satisfies(line -> assertThat(line.text())
                        .hasSizeLessThan(1100)
                        .endsWith("x ...")
                        .doesNotContain("\u001b", "\n", "\u202e", "IllegalState"));
    }
}
