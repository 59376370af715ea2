package io.flm.data;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class RemotePathTest {
    @Test
    void aTextThatOthersSeeHasNoQueriesOfAddresses() {
        assertThat(
                        RemotePath.withoutQueries(
                                "paths=[\"https://a/b.tar?X-Signature=s3cr3t&x=,1\",\"HTTP:/a/c.tar?k=s3cr3t\",\"d?.tar\"] # why? so\n"))
                .isEqualTo("paths=[\"https://a/b.tar\",\"HTTP:/a/c.tar\",\"d?.tar\"] # why? so\n");
        assertThat(RemotePath.withoutQueries("[https://a/b?s3cr3t, https://a/c?s3cr3t]"))
                .doesNotContain("s3cr3t");
    }
}
