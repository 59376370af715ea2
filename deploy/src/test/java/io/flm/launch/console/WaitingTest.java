package io.flm.launch.console;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class WaitingTest {
    private final BlockingQueue<String> said = new LinkedBlockingQueue<>();

    @Test
    void saysAgainAndAgainWhatIsWaitedForAtPresent() throws Exception {
        try (Waiting waiting = new Waiting(said::add, "starting", Duration.ofMillis(5))) {
            assertThat(said.poll(10, TimeUnit.SECONDS)).isEqualTo("starting: 0 s so far");
            waiting.on("reading");
            String last = said.poll(10, TimeUnit.SECONDS);
            while (last != null && last.startsWith("starting")) {
                last = said.poll(10, TimeUnit.SECONDS);
            }
            assertThat(last).isEqualTo("reading: 0 s so far");
        }
    }
}
