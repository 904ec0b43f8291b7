# make release && docker build -t salur .
#
# The four programs and nothing else: no shell, no package, no certificates of a distribution (Mozilla's roots are in the
# programs; mount others and name them with SSL_CERT_FILE). Nothing is written: run it with a read-only root.
FROM scratch
ARG TARGETARCH
COPY dist/linux/${TARGETARCH}/ /bin/
USER 65532:65532
ENTRYPOINT ["/bin/worker"]
