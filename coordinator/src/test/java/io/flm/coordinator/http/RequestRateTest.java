package io.flm.coordinator.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.UnknownHostException;
import org.junit.jupiter.api.Test;

class RequestRateTest {
    private static final long SECOND = 1_000_000_000L;
    private static final long BEGIN = -3 * SECOND; // nanoseconds count from anywhere

    private final RequestRate rate = new RequestRate(10);

    private int passed(String address, long at, int asked) throws UnknownHostException {
        int passed = 0;
        for (int i = 0; i < asked; i++) {
            passed += rate.take(InetAddress.getByName(address), at) ? 1 : 0;
        }
        return passed;
    }

    @Test
    void letsAsManyThroughAtOnceAsInASecond() throws UnknownHostException {
        assertThat(passed("10.0.0.1", BEGIN, 100)).isEqualTo(10);
        assertThat(passed("10.0.0.1", BEGIN, 1)).isZero();
    }

    @Test
    void fillsAsTimePassesAndNotBeyondASecond() throws UnknownHostException {
        passed("10.0.0.1", BEGIN, 100);
        assertThat(passed("10.0.0.1", BEGIN + SECOND / 2, 100)).isEqualTo(5);
        assertThat(passed("10.0.0.1", BEGIN + 100 * SECOND, 100)).isEqualTo(10);
    }

    @Test
    void whatWasRefusedDoesNotCount() throws UnknownHostException {
        passed("10.0.0.1", BEGIN, 1000);
        assertThat(passed("10.0.0.1", BEGIN + SECOND, 1000)).isEqualTo(10);
    }

    @Test
    void addressesCountByThemselvesAndNetworksOfIpv6AsOne() throws UnknownHostException {
        passed("10.0.0.1", BEGIN, 100);
        assertThat(passed("10.0.0.2", BEGIN, 100)).isEqualTo(10);
        assertThat(passed("2001:db8::1", BEGIN, 100)).isEqualTo(10);
        assertThat(passed("2001:db8::ffff:2", BEGIN, 100)).isZero();
        assertThat(passed("2001:db8:0:1::1", BEGIN, 100)).isEqualTo(10);
    }

    @Test
    void remembersNoMoreThanSomeAddresses() throws UnknownHostException {
        passed("10.0.0.1", BEGIN, 100);
        for (int i = 0; i < 5000; i++) {
            rate.take(InetAddress.getByAddress(new byte[] {11, 0, (byte) (i >> 8), (byte) i}), BEGIN);
        }
        assertThat(passed("10.0.0.1", BEGIN, 100)).as("forgotten").isEqualTo(10);
    }
}
